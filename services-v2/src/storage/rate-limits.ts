import type { RateLimits } from "../usecases/ports.ts";
import type { Database } from "./database.ts";

/** Fixed windows counted in PostgreSQL, by the statement that cms-v1 uses too, so that both processes count together. */
export function createRateLimits(database: Database): RateLimits {
  return {
    async count(key, limit, windowSeconds) {
      if (limit === 0) return null;
      const [row] = await database.query<{ hits: number; retry_after_seconds: number }>(
        "rate-limit",
        `INSERT INTO rate_limits AS r (key, window_start, hits)
         VALUES ($1, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / $2::int) * $2::int), 1)
         ON CONFLICT (key) DO UPDATE SET
           hits = CASE WHEN r.window_start = EXCLUDED.window_start THEN r.hits + 1 ELSE 1 END,
           window_start = EXCLUDED.window_start
         RETURNING hits, greatest(1, ceil(extract(epoch FROM window_start) + $2::int
           - extract(epoch FROM clock_timestamp())))::int AS retry_after_seconds`,
        [key, windowSeconds],
      );
      return row !== undefined && row.hits > limit ? row.retry_after_seconds : null;
    },
  };
}
