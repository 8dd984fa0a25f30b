import type { Client } from "pg";

/** Namespace of all advisory locks of this system; see also 0003_contract.sql. */
const lockSpace = 6016;
const commandLock = 2;

/**
 * Runs `work` while no other cms-migrate works on this database: a second one waits here. The lock belongs to the
 * connection, so a killed command frees it.
 */
export async function withCommandLock<T>(
  client: Client,
  work: () => Promise<T>,
  onWait: () => void = () => undefined,
): Promise<T> {
  const tried = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS held", [
    lockSpace,
    commandLock,
  ]);
  if (!tried.rows[0]?.held) {
    onWait();
    await client.query("SELECT pg_advisory_lock($1, $2)", [lockSpace, commandLock]);
  }
  try {
    return await work();
  } finally {
    await client.query("SELECT pg_advisory_unlock($1, $2)", [lockSpace, commandLock]);
  }
}
