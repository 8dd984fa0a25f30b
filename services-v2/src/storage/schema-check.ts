import { DatabaseError } from "pg";
import { StorageUnavailable } from "../usecases/unavailable.ts";
import type { Database } from "./database.ts";

/** The first migration that has all that this code reads and writes. Later ones keep it. */
const neededMigration = "0002_expand";
const undefinedTable = "42P01";

/** Null when PostgreSQL answers and its schema is new enough. */
export function createSchemaCheck(
  database: Database,
): () => Promise<"database_unreachable" | "schema_too_old" | null> {
  return async () => {
    try {
      const rows = await database.query("schema-check", "SELECT 1 FROM schema_migrations WHERE name = $1", [
        neededMigration,
      ]);
      return rows.length > 0 ? null : "schema_too_old";
    } catch (error) {
      if (error instanceof StorageUnavailable) return "database_unreachable";
      if (error instanceof DatabaseError && error.code === undefinedTable) return "schema_too_old";
      throw error;
    }
  };
}
