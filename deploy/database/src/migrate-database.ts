import { Client } from "pg";
import { withCommandLock } from "./command-lock.ts";
import { migrateDown, migrateUp, type RunOptions } from "./migrations.ts";

/** Brings the database at `url` up to date (without the contract migration unless asked for). Safe to run twice at once. */
export async function migrateDatabase(url: string, options: RunOptions = {}): Promise<readonly string[]> {
  return withClient(url, (client) => withCommandLock(client, () => migrateUp(client, options)));
}

/** Takes back the last `count` migrations. */
export async function rollbackDatabase(url: string, count = 1): Promise<readonly string[]> {
  return withClient(url, (client) => withCommandLock(client, () => migrateDown(client, count)));
}

/** Opens one connection for `work` and closes it whatever happens. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: "cms-migrate",
    connectionTimeoutMillis: 10_000,
  });
  // The failing query reports the loss; without a listener the same error would end the process first.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
