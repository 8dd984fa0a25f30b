import type { Database } from "../database.ts";
import type { Page } from "../paging.ts";

export interface ApiKeyRow {
  readonly id: string;
  readonly user_id: string;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: Date;
}

const columns = "id, user_id, name, prefix, created_at";

export class ApiKeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findByHash(hash: string): Promise<ApiKeyRow | undefined> {
    const rows = await this.#database.query<ApiKeyRow>(
      `SELECT ${columns} FROM api_keys WHERE key_hash = $1`,
      [hash],
    );
    return rows[0];
  }

  async insert(userId: string, name: string, prefix: string, hash: string): Promise<ApiKeyRow | undefined> {
    const rows = await this.#database.query<ApiKeyRow>(
      `INSERT INTO api_keys (user_id, name, prefix, key_hash) VALUES ($1, $2, $3, $4) RETURNING ${columns}`,
      [userId, name, prefix, hash],
    );
    return rows[0];
  }

  async list(userId: string, page: Page): Promise<readonly ApiKeyRow[]> {
    return this.#database.query<ApiKeyRow>(
      `SELECT ${columns} FROM api_keys WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3`,
      [userId, page.limit, page.offset],
    );
  }

  async count(userId: string): Promise<number> {
    const rows = await this.#database.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM api_keys WHERE user_id = $1",
      [userId],
    );
    return rows[0]?.n ?? 0;
  }

  /** @returns whether the user had such a key. */
  async remove(id: string, userId: string): Promise<boolean> {
    const rows = await this.#database.query(
      "DELETE FROM api_keys WHERE id = $1 AND user_id = $2 RETURNING id",
      [id, userId],
    );
    return rows.length === 1;
  }
}
