import type { Database } from "./database.ts";

/**
 * One text that changes whenever any transaction has committed a change, made by whichever process: PostgreSQL's own
 * snapshot. Two equal snapshots see the same rows, because a transaction that wrote and committed in between either had
 * an id at or above the first one's `xmax` or stood in its list of those in progress. The start time of the server
 * guards against ids that a crash or a restore gives out again.
 *
 * Callers that arrive while a reading is under way share the next one: a reading that began before the call could miss a
 * write that was acknowledged before it.
 */
export function createDataVersion(database: Database): () => Promise<string> {
  let running: Promise<string> | null = null;
  let queued: Promise<string> | null = null;
  const read = async (): Promise<string> => {
    const rows = await database.query<{ version: string }>(
      "data-version",
      `SELECT current_database() || '/' || extract(epoch FROM pg_postmaster_start_time())::text
              || '/' || pg_current_snapshot()::text AS version`,
      [],
    );
    return rows[0]?.version ?? "";
  };
  const start = (): Promise<string> => {
    const reading = read().finally(() => {
      if (running === reading) running = null;
    });
    running = reading;
    return reading;
  };
  const startAfter = async (earlier: Promise<string>): Promise<string> => {
    await earlier.catch(() => undefined);
    queued = null;
    return start();
  };
  return () => {
    if (running === null) return start();
    queued ??= startAfter(running);
    return queued;
  };
}
