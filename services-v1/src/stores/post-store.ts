import type { Database } from "../database.ts";
import type { Page } from "../paging.ts";

export type PostStatus = "draft" | "published" | "archived";
export const postStatuses: readonly PostStatus[] = ["draft", "published", "archived"];

export interface PostRow {
  readonly id: string;
  readonly title: string;
  readonly slug: string;
  readonly content: string;
  readonly excerpt: string | null;
  readonly status: PostStatus;
  readonly author_id: string;
  readonly tags: readonly string[];
  readonly categories: readonly string[];
  readonly meta_title: string | null;
  readonly meta_description: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly published_at: Date | null;
}

export interface PostFields {
  readonly title: string;
  readonly slug: string;
  readonly content: string;
  readonly excerpt: string | null;
  readonly status: PostStatus;
  readonly tags: readonly string[];
  readonly categories: readonly string[];
  readonly metaTitle: string | null;
  readonly metaDescription: string | null;
}

/** Which posts a caller sees, narrowed by what they ask for. */
export interface PostFilter {
  /** `all`, `published` only, or published ones and those of one author. */
  readonly visible: "all" | "published" | { readonly alsoBy: string };
  readonly status?: PostStatus;
  readonly author?: string;
  readonly tag?: string;
}

export const postSorts: ReadonlyMap<string, string> = new Map([
  ["created_at", "created_at"],
  ["updated_at", "updated_at"],
  ["published_at", "published_at"],
  ["title", 'title COLLATE "C"'],
]);

const columns = `id, title, slug, content, excerpt, status, author_id, tags, categories, meta_title, meta_description,
  created_at, updated_at, published_at`;

export class PostStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findById(id: string): Promise<PostRow | undefined> {
    const rows = await this.#database.query<PostRow>(`SELECT ${columns} FROM posts WHERE id = $1`, [id]);
    const row = rows[0];
    return row ? this.#withRelated(row) : undefined;
  }

  /** @throws DatabaseError on posts_slug_key. */
  async insert(authorId: string, post: PostFields): Promise<PostRow> {
    const rows = await this.#database.query<PostRow>(
      `INSERT INTO posts (author_id, title, slug, content, excerpt, status, tags, categories, meta_title,
         meta_description, published_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $6 = 'published' THEN now() END)
       RETURNING ${columns}`,
      [authorId, ...valuesOf(post)],
    );
    const row = rows[0];
    if (!row) throw new Error("the post was to be returned");
    return row;
  }

  /** @throws DatabaseError on posts_slug_key. */
  async update(id: string, post: PostFields): Promise<PostRow | undefined> {
    const rows = await this.#database.query<PostRow>(
      `UPDATE posts SET title = $2, slug = $3, content = $4, excerpt = $5, status = $6, tags = $7, categories = $8,
         meta_title = $9, meta_description = $10, updated_at = now(),
         published_at = CASE WHEN $6 = 'published' THEN coalesce(published_at, now()) ELSE published_at END
       WHERE id = $1 RETURNING ${columns}`,
      [id, ...valuesOf(post)],
    );
    return rows[0];
  }

  /** @returns whether there was such a post. */
  async remove(id: string): Promise<boolean> {
    return (await this.#database.query("DELETE FROM posts WHERE id = $1 RETURNING id", [id])).length === 1;
  }

  /** `base`, or the first of `base-2`, `base-3`, ... that no post has. */
  async findFreeSlug(base: string): Promise<string> {
    const rows = await this.#database.query<{ slug: string }>(
      "SELECT slug FROM posts WHERE slug = $1 OR slug LIKE $1 || '-%'",
      [base],
    );
    const taken = new Set(rows.map((row) => row.slug));
    if (!taken.has(base)) return base;
    let n = 2;
    while (taken.has(`${base}-${n}`)) n += 1;
    return `${base}-${n}`;
  }

  async list(filter: PostFilter, order: string, page: Page): Promise<readonly PostRow[]> {
    const { where, values } = conditionsOf(filter);
    const ids = await this.#database.query<{ id: string }>(
      `SELECT id FROM posts WHERE ${where} ORDER BY ${order} LIMIT $${values.length + 1} OFFSET $${values.length + 2}`,
      [...values, page.limit, page.offset],
    );
    return this.#load(ids);
  }

  async count(filter: PostFilter): Promise<number> {
    const { where, values } = conditionsOf(filter);
    return this.#count(`SELECT count(*)::int AS n FROM posts WHERE ${where}`, values);
  }

  /** Published posts with `text` in title or content, those with it in the title first. */
  async search(text: string, limit: number, offset: number): Promise<readonly PostRow[]> {
    const ids = await this.#database.query<{ id: string }>(
      `SELECT id FROM posts WHERE status = 'published' AND (title ILIKE $1 OR content ILIKE $1)
       ORDER BY title ILIKE $1 DESC, published_at DESC NULLS LAST, id DESC LIMIT $2 OFFSET $3`,
      [`%${escapeLike(text)}%`, limit, offset],
    );
    return this.#load(ids);
  }

  async countMatches(text: string): Promise<number> {
    return this.#count(
      `SELECT count(*)::int AS n FROM posts WHERE status = 'published' AND (title ILIKE $1 OR content ILIKE $1)`,
      [`%${escapeLike(text)}%`],
    );
  }

  /** Titles of published posts that begin with `text`, each once. */
  async suggest(text: string, limit: number, offset: number): Promise<readonly string[]> {
    const rows = await this.#database.query<{ title: string }>(
      `SELECT DISTINCT title COLLATE "C" AS title FROM posts WHERE status = 'published' AND title ILIKE $1 ORDER BY title LIMIT $2 OFFSET $3`,
      [`${escapeLike(text)}%`, limit, offset],
    );
    return rows.map((row) => row.title);
  }

  async countSuggestions(text: string): Promise<number> {
    return this.#count(
      "SELECT count(DISTINCT title)::int AS n FROM posts WHERE status = 'published' AND title ILIKE $1",
      [`${escapeLike(text)}%`],
    );
  }

  async #load(ids: readonly { readonly id: string }[]): Promise<readonly PostRow[]> {
    const posts: PostRow[] = [];
    for (const { id } of ids) {
      const post = await this.findById(id);
      if (post) posts.push(post);
    }
    return posts;
  }

  /** Loads what belongs to a post as lazy object mappers do, row by row: its author, and the glossary entry of each term. */
  async #withRelated(row: PostRow): Promise<PostRow> {
    const authors = await this.#database.query<{ id: string }>("SELECT id FROM users WHERE id = $1", [
      row.author_id,
    ]);
    const tags = await this.#namesInGlossary("tags", row.tags);
    const categories = await this.#namesInGlossary("categories", row.categories);
    return { ...row, author_id: authors[0]?.id ?? row.author_id, tags, categories };
  }

  async #namesInGlossary(table: "tags" | "categories", names: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const name of names) {
      const rows = await this.#database.query<{ name: string }>(`SELECT name FROM ${table} WHERE name = $1`, [
        name,
      ]);
      found.push(rows[0]?.name ?? name);
    }
    return found;
  }

  async #count(sql: string, values: readonly unknown[]): Promise<number> {
    return (await this.#database.query<{ n: number }>(sql, values))[0]?.n ?? 0;
  }
}

function valuesOf(post: PostFields): readonly unknown[] {
  return [
    post.title,
    post.slug,
    post.content,
    post.excerpt,
    post.status,
    post.tags,
    post.categories,
    post.metaTitle,
    post.metaDescription,
  ];
}

function conditionsOf(filter: PostFilter): { readonly where: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [];
  const conditions = ["true"];
  const add = (condition: (placeholder: string) => string, value: unknown): void => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (filter.visible === "published") conditions.push("status = 'published'");
  else if (filter.visible !== "all") {
    add((mine) => `(status = 'published' OR author_id = ${mine})`, filter.visible.alsoBy);
  }
  if (filter.status) add((status) => `status = ${status}`, filter.status);
  if (filter.author) add((author) => `author_id = ${author}`, filter.author);
  if (filter.tag) add((tag) => `${tag} = ANY (tags)`, filter.tag);
  return { where: conditions.join(" AND "), values };
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/gu, String.raw`\$&`);
}
