import type { Database } from "../database.ts";
import { refreshTokenSeconds } from "../tokens.ts";

export class SessionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Opens a session and clears away the user's expired ones. @returns its id. */
  async open(userId: string, refreshTokenHash: string): Promise<string> {
    await this.#database.query("DELETE FROM sessions WHERE user_id = $1 AND expires_at <= now()", [userId]);
    const rows = await this.#database.query<{ id: string }>(
      `INSERT INTO sessions (user_id, refresh_token_hash, expires_at)
       VALUES ($1, $2, now() + make_interval(secs => $3)) RETURNING id`,
      [userId, refreshTokenHash, refreshTokenSeconds],
    );
    return rows[0]?.id ?? "";
  }

  /** Swaps the token of a live session of an active user. Of two that try with the same token one gets the session. */
  async rotate(
    oldHash: string,
    newHash: string,
  ): Promise<{ readonly id: string; readonly user_id: string } | undefined> {
    const rows = await this.#database.query<{ id: string; user_id: string }>(
      `UPDATE sessions s SET refresh_token_hash = $2, expires_at = now() + make_interval(secs => $3)
       FROM users u
       WHERE s.refresh_token_hash = $1 AND s.expires_at > now() AND u.id = s.user_id AND u.is_active
       RETURNING s.id, s.user_id`,
      [oldHash, newHash, refreshTokenSeconds],
    );
    return rows[0];
  }

  async exists(id: string, userId: string): Promise<boolean> {
    const rows = await this.#database.query("SELECT 1 FROM sessions WHERE id = $1 AND user_id = $2", [
      id,
      userId,
    ]);
    return rows.length === 1;
  }

  async close(id: string): Promise<void> {
    await this.#database.query("DELETE FROM sessions WHERE id = $1", [id]);
  }

  async closeAllOf(userId: string): Promise<void> {
    await this.#database.query("DELETE FROM sessions WHERE user_id = $1", [userId]);
  }
}
