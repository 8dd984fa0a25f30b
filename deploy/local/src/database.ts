import path from "node:path";
import { Client } from "pg";
import { startChild } from "./child-process.ts";
import { ChildFailedError } from "./health.ts";
import { describeExit } from "./child-process.ts";

/** Runs `cms-migrate` to its end. @throws ChildFailedError with its last words unless it succeeds. */
export async function runMigrate(options: {
  readonly root: string;
  readonly args: readonly string[];
  readonly databaseUrl: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logs: string;
}): Promise<void> {
  const child = await startChild({
    name: `cms-migrate ${options.args.join(" ")}`,
    args: [path.join(options.root, "deploy/database/src/cms-migrate.ts"), ...options.args],
    cwd: options.root,
    env: { ...options.env, DATABASE_URL: options.databaseUrl },
    logFile: path.join(options.logs, `migrate-${options.args[0] ?? "run"}.log`),
  });
  const exit = await child.exited;
  const lastWords = await child.lastWords;
  if (exit.code !== 0) throw new ChildFailedError(child, `ended with ${describeExit(exit)}`, lastWords);
}

/** Whether the migrated database holds no post yet. */
export async function hasNoPosts(databaseUrl: string): Promise<boolean> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT 1 FROM posts LIMIT 1");
    return rowCount === 0;
  } finally {
    await client.end();
  }
}

/** A connection string without its password, for people's eyes. */
export function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = "";
  return url.href;
}
