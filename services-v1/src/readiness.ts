import type { Database } from "./database.ts";
import type { Presence } from "./presence.ts";
import type { Readiness } from "./routes/health-routes.ts";

const inspectSchema = `
SELECT
  to_regclass('public.rate_limits') IS NOT NULL AS has_baseline,
  EXISTS (
    SELECT 1 FROM pg_attribute
    WHERE attrelid = to_regclass('public.posts') AND attname = 'tags' AND NOT attisdropped
  ) AS has_arrays`;

/** Ready means: the database answers, has the tables and the arrays, and knows that a cms-v1 is alive. */
export async function checkReadiness(database: Database, presence: Presence): Promise<Readiness> {
  let schema: { has_baseline: boolean; has_arrays: boolean } | undefined;
  try {
    [schema] = await database.query<{ has_baseline: boolean; has_arrays: boolean }>(inspectSchema);
  } catch {
    return "database_unreachable";
  }
  if (!schema?.has_baseline) return "schema_too_old";
  if (!schema.has_arrays) return "schema_too_new";
  return presence.isHeld() ? "ready" : "not_registered";
}
