import type { Database } from "../database.ts";
import type { Page } from "../paging.ts";

export interface CommentRow {
  readonly id: string;
  readonly post_id: string;
  readonly author_id: string;
  readonly content: string;
  readonly status: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const shown = "post_id = $1 AND status IN ('published', 'edited')";

export class CommentStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws DatabaseError (foreign key) when the post has gone. */
  async insert(postId: string, authorId: string, content: string): Promise<CommentRow | undefined> {
    const rows = await this.#database.query<CommentRow>(
      "INSERT INTO comments (post_id, author_id, content) VALUES ($1, $2, $3) RETURNING *",
      [postId, authorId, content],
    );
    return rows[0];
  }

  async list(postId: string, page: Page): Promise<readonly CommentRow[]> {
    return this.#database.query<CommentRow>(
      `SELECT * FROM comments WHERE ${shown} ORDER BY created_at, id LIMIT $2 OFFSET $3`,
      [postId, page.limit, page.offset],
    );
  }

  async count(postId: string): Promise<number> {
    const rows = await this.#database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM comments WHERE ${shown}`,
      [postId],
    );
    return rows[0]?.n ?? 0;
  }
}
