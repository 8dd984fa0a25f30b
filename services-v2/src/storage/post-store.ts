import { done, refuse } from "../domain/outcome.ts";
import type { Post, PostChange } from "../domain/post.ts";
import type { PostFilter, PostKey, PostSortField, PostStore, Sort } from "../usecases/ports.ts";
import { type Database, findBrokenUnique, type Queries } from "./database.ts";
import { readPage } from "./read-page.ts";
import { postColumns, type PostRow, toPost } from "./rows.ts";
import { lockTerms, writeTerms } from "./write-terms.ts";

export function createPostStore(database: Database): PostStore {
  return {
    find: (key) => readPost(database, key),

    list(filter, sort, slice) {
      const { where, values } = describeFilter(filter);
      return readPage<PostRow, Post>(
        database,
        { columns: postColumns, from: `FROM posts p WHERE ${where}`, order: orderBy(sort), values },
        slice,
        toPost,
      );
    },

    async create(post, slug, authorId) {
      return database.transaction(async (queries) => {
        const [row] = await queries.query<{ id: string }>(
          "post-insert",
          `INSERT INTO posts (title, slug, content, excerpt, status, author_id, meta_title, meta_description, published_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $5 = 'published' THEN now() END)
           ON CONFLICT (slug) DO NOTHING RETURNING id`,
          [
            post.title,
            slug,
            post.content,
            post.excerpt,
            post.status,
            authorId,
            post.metaTitle,
            post.metaDescription,
          ],
        );
        if (row === undefined) return null;
        if (post.tags.length + post.categories.length > 0) {
          await lockTerms(queries, row.id, post.tags, post.categories);
        }
        if (post.tags.length > 0) await writeTerms(queries, "tags", row.id, post.tags);
        if (post.categories.length > 0) await writeTerms(queries, "categories", row.id, post.categories);
        return readPost(queries, { id: row.id });
      });
    },

    async nextFreeNumber(slug) {
      // From "slug-" up to, but not including, "slug.": the byte after the hyphen. An index range in the "C" collation.
      const rows = await database.query<{ slug: string }>(
        "post-slugs-like",
        "SELECT slug FROM posts WHERE slug = $1 OR (slug >= $1 || '-' AND slug < $1 || '.')",
        [slug],
      );
      const taken = new Set(rows.map((row) => row.slug));
      if (!taken.has(slug)) return null;
      let number = 2;
      while (taken.has(`${slug}-${number}`)) number += 1;
      return number;
    },

    async change(key, decide) {
      try {
        return await database.transaction(async (queries) => {
          const before = await lockPost(queries, key);
          if (before === null) return refuse({ kind: "not_found", resource: "post" });
          const decision = decide(before);
          if (!decision.ok) return decision;
          await updatePost(queries, before.id, decision.value);
          const after = await readPost(queries, { id: before.id });
          if (after === null) throw new Error("a locked post is gone");
          return done(after);
        });
      } catch (error) {
        if (findBrokenUnique(error) !== "posts_slug_key") throw error;
        return refuse({ kind: "duplicate", resource: "post", field: "slug" });
      }
    },

    remove: (key, decide) =>
      database.transaction(async (queries) => {
        const before = await lockPost(queries, key);
        if (before === null) return refuse({ kind: "not_found", resource: "post" });
        const decision = decide(before);
        if (!decision.ok) return decision;
        await lockTerms(queries, before.id, [], []);
        await queries.query("post-delete", "DELETE FROM posts WHERE id = $1", [before.id]);
        return decision;
      }),
  };
}

async function readPost(queries: Queries, key: PostKey): Promise<Post | null> {
  const [row] =
    "id" in key
      ? await queries.query<PostRow>("post-by-id", `SELECT ${postColumns} FROM posts p WHERE p.id = $1`, [
          key.id,
        ])
      : await queries.query<PostRow>("post-by-slug", `SELECT ${postColumns} FROM posts p WHERE p.slug = $1`, [
          key.slug,
        ]);
  return row === undefined ? null : toPost(row);
}

/** Locks first and reads in a second statement: a statement that had to wait sees the tags as they were when it began. */
async function lockPost(queries: Queries, key: PostKey): Promise<Post | null> {
  const [row] =
    "id" in key
      ? await queries.query<{ id: string }>(
          "post-lock-by-id",
          "SELECT id FROM posts WHERE id = $1 FOR UPDATE",
          [key.id],
        )
      : await queries.query<{ id: string }>(
          "post-lock-by-slug",
          "SELECT id FROM posts WHERE slug = $1 FOR UPDATE",
          [key.slug],
        );
  return row === undefined ? null : readPost(queries, { id: row.id });
}

async function updatePost(queries: Queries, id: string, change: PostChange): Promise<void> {
  const columns: readonly (readonly [column: string, value: unknown])[] = [
    ["title", change.title],
    ["slug", change.slug ?? undefined],
    ["content", change.content],
    ["excerpt", change.excerpt],
    ["status", change.status],
    ["meta_title", change.metaTitle],
    ["meta_description", change.metaDescription],
  ];
  if (change.tags !== undefined || change.categories !== undefined || change.status !== undefined) {
    await lockTerms(queries, id, change.tags ?? [], change.categories ?? []);
  }
  const given = columns.filter(([, value]) => value !== undefined);
  const assignments = given.map(([column], index) => `${column} = $${index + 2}`);
  if (change.status === "published") assignments.push("published_at = coalesce(published_at, now())");
  await queries.query(
    null,
    `UPDATE posts SET ${[...assignments, "updated_at = now()"].join(", ")} WHERE id = $1`,
    [id, ...given.map(([, value]) => value)],
  );
  if (change.tags !== undefined) await writeTerms(queries, "tags", id, change.tags);
  if (change.categories !== undefined) await writeTerms(queries, "categories", id, change.categories);
}

function describeFilter(filter: PostFilter): { readonly where: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions: string[] = [];
  if (filter.unpublishedOf === "nobody") conditions.push("p.status = 'published'");
  else if (filter.unpublishedOf !== "everyone") {
    conditions.push(`(p.status = 'published' OR p.author_id = ${bind(filter.unpublishedOf.authorId)})`);
  }
  if (filter.status !== null) conditions.push(`p.status = ${bind(filter.status)}`);
  if (filter.authorId !== null) conditions.push(`p.author_id = ${bind(filter.authorId)}`);
  if (filter.tag !== null) {
    conditions.push(`p.id IN (SELECT r.post_id FROM post_tags r JOIN tags t ON t.id = r.tag_id
                              WHERE t.${filter.tag.by} = ${bind(filter.tag.value)})`);
  }
  if (filter.category !== null) {
    conditions.push(`p.id IN (SELECT r.post_id FROM post_categories r JOIN categories c ON c.id = r.category_id
                              WHERE c.slug = ${bind(filter.category)})`);
  }
  return { where: conditions.length === 0 ? "true" : conditions.join(" AND "), values };
}

/** Columns that are never null do without NULLS LAST, which would keep their indexes from being read backwards. */
function orderBy(sort: Sort<PostSortField>): string {
  const direction = sort.descending ? "DESC" : "ASC";
  const nulls = sort.field === "published_at" ? " NULLS LAST" : "";
  return `p.${sort.field} ${direction}${nulls}, p.id ${direction}`;
}
