import type { TestProject } from "vitest/node";
import { startPostgres } from "../src/postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Superuser connection string of the PostgreSQL that all integration tests share. */
    readonly postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run: the one that TEST_DATABASE_URL names, or a thrown-away one of our own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given) {
    project.provide("postgresUrl", given);
    return async () => undefined;
  }
  const postgres = await startPostgres();
  project.provide("postgresUrl", postgres.url);
  return () => postgres.stop();
}
