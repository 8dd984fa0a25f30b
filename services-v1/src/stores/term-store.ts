import type { Database } from "../database.ts";
import type { Page } from "../paging.ts";

export type TermKind = "tags" | "categories";

export interface Term {
  readonly name: string;
  readonly description: string | null;
  readonly post_count: number;
}

/** Tags and categories as this system has always had them: names in arrays, and a glossary for the descriptions. */
export class TermStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** One page of the names that published posts carry. Each one's posts are counted by going through all of them. */
  async list(kind: TermKind, page: Page): Promise<readonly Term[]> {
    const names = await this.#database.query<{ name: string }>(
      `SELECT DISTINCT unnest(${kind}) COLLATE "C" AS name FROM posts WHERE status = 'published'
       ORDER BY name LIMIT $1 OFFSET $2`,
      [page.limit, page.offset],
    );
    const terms: Term[] = [];
    for (const { name } of names) {
      terms.push({
        name,
        description: await this.#describe(kind, name),
        post_count: await this.#countPosts(kind, name),
      });
    }
    return terms;
  }

  async count(kind: TermKind): Promise<number> {
    const rows = await this.#database.query<{ n: number }>(
      `SELECT count(DISTINCT name)::int AS n FROM posts, unnest(${kind}) AS name WHERE status = 'published'`,
    );
    return rows[0]?.n ?? 0;
  }

  async #describe(kind: TermKind, name: string): Promise<string | null> {
    const rows = await this.#database.query<{ description: string | null }>(
      `SELECT description FROM ${kind} WHERE name = $1`,
      [name],
    );
    return rows[0]?.description ?? null;
  }

  async #countPosts(kind: TermKind, name: string): Promise<number> {
    const rows = await this.#database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM posts WHERE status = 'published' AND $1 = ANY (${kind})`,
      [name],
    );
    return rows[0]?.n ?? 0;
  }
}
