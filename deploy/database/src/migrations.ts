import { readdir } from "node:fs/promises";
import path from "node:path";
import { runner, type RunnerOption } from "node-pg-migrate";
import type { Client } from "pg";

const folder = path.join(import.meta.dirname, "..", "migrations");
const table = "schema_migrations";

/** The one migration that a plain `migrate` leaves alone: it takes from cms-v1 what it lives on. */
export const contractMigration = "0003_contract";

export interface MigrationStatus {
  readonly name: string;
  readonly appliedAt: Date | null;
}

export interface RunOptions {
  /** Also apply the contract migration. */
  readonly contract?: boolean;
  /** Print the SQL, change nothing. */
  readonly dryRun?: boolean;
  /** Receives what the migration library says. */
  readonly log?: (line: string) => void;
}

/** Every migration in order, with the time it was applied or null. */
export async function listMigrations(client: Client): Promise<readonly MigrationStatus[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  const known = await client.query<{ exists: boolean }>("SELECT to_regclass($1) IS NOT NULL AS exists", [
    `public.${table}`,
  ]);
  const applied = known.rows[0]?.exists
    ? await client.query<{ name: string; run_on: Date }>(`SELECT name, run_on FROM ${table}`)
    : { rows: [] };
  const times = new Map(applied.rows.map((row) => [row.name, row.run_on]));
  return files.map((file) => {
    const name = path.basename(file, ".sql");
    return { name, appliedAt: times.get(name) ?? null };
  });
}

/**
 * Applies what is pending (hold the command lock meanwhile), all in one transaction, and returns the names.
 * @throws the database's error; SQLSTATE 55006 when the contract migration finds a cms-v1 alive.
 */
export async function migrateUp(client: Client, options: RunOptions = {}): Promise<readonly string[]> {
  const pending = (await listMigrations(client)).filter((each) => each.appliedAt === null);
  const wanted = pending.filter((each) => options.contract === true || each.name !== contractMigration);
  if (wanted.length === 0) return [];
  return run(client, "up", wanted.length, options);
}

/** Takes back the last `count` migrations, newest first, and returns their names. */
export async function migrateDown(
  client: Client,
  count: number,
  options: RunOptions = {},
): Promise<readonly string[]> {
  return run(client, "down", count, options);
}

async function run(
  client: Client,
  direction: "up" | "down",
  count: number,
  options: RunOptions,
): Promise<readonly string[]> {
  const say = options.log ?? ((): void => undefined);
  const settings: RunnerOption = {
    dbClient: client,
    dir: folder,
    migrationsTable: table,
    direction,
    count,
    dryRun: options.dryRun ?? false,
    // withCommandLock holds ours. The library's own cannot be given back after a failure, and hides the reason with that.
    noLock: true,
    verbose: options.dryRun ?? false,
    // The library prints every statement; that is wanted only where nothing is run.
    logger: options.dryRun
      ? { debug: say, info: say, warn: say, error: say }
      : // Failures are thrown as well, and explained in one sentence there.
        { info: (): void => undefined, warn: say, error: (): void => undefined },
  };
  // A dry run still creates the library's table; taken back below.
  if (options.dryRun) await client.query("BEGIN");
  try {
    const done = await runner(settings);
    if (options.dryRun) await client.query("ROLLBACK");
    return done.map((migration) => migration.name);
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}
