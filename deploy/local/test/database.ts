import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";

export interface TestDatabase {
  readonly url: string;
  /** Drops it, cutting off whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * Creates a database of its own for one test file: empty, or prepared by `prepare` (for instance the migrations).
 * `adminUrl` defaults to the server that the `integration` project starts.
 */
export async function createTestDatabase(
  prepare: (url: string) => Promise<unknown> = async () => undefined,
  adminUrl: string = inject("postgresUrl"),
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administer(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const drop = (): Promise<void> => administer(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  try {
    await prepare(url.href);
  } catch (error) {
    await drop();
    throw error;
  }
  return { url: url.href, drop };
}

async function administer(adminUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
