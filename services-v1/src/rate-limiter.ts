import { ApiError } from "./api-error.ts";
import type { RateLimits } from "./config.ts";
import type { Database } from "./database.ts";

const countAttempt = `
INSERT INTO rate_limits AS r (key, window_start, hits)
VALUES ($1, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / $2::int) * $2::int), 1)
ON CONFLICT (key) DO UPDATE SET
  hits = CASE WHEN r.window_start = EXCLUDED.window_start THEN r.hits + 1 ELSE 1 END,
  window_start = EXCLUDED.window_start
RETURNING hits, greatest(1, ceil(extract(epoch FROM window_start) + $2::int - extract(epoch FROM clock_timestamp())))::int
  AS retry_after_seconds`;

/** Fixed windows, counted in the database so that every process in front of the same users counts together. */
export class RateLimiter {
  readonly #database: Database;
  readonly #limits: RateLimits;

  constructor(database: Database, limits: RateLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** @throws ApiError 429 when the address has used up its attempts. */
  async count(route: "login" | "register", address: string): Promise<void> {
    const limit = this.#limits[route];
    if (limit === 0) return;
    const rows = await this.#database.query<{ hits: number; retry_after_seconds: number }>(countAttempt, [
      `${route}:${address}`,
      this.#limits.windowSeconds,
    ]);
    const counted = rows[0];
    if (counted && counted.hits > limit) {
      throw new ApiError(429, "Too many requests, please try again later", {
        retryAfterSeconds: counted.retry_after_seconds,
      });
    }
  }
}
