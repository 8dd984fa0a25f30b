import type { ApiKey, ApiKeyStore } from "../usecases/ports.ts";
import type { Database } from "./database.ts";
import { readPage } from "./read-page.ts";

interface ApiKeyRow {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: Date;
}

const columns = "id, name, prefix, created_at";

function toApiKey(row: ApiKeyRow): ApiKey {
  return { id: row.id, name: row.name, prefix: row.prefix, createdAt: row.created_at };
}

export function createApiKeyStore(database: Database): ApiKeyStore {
  return {
    async create(userId, name, prefix, keyHash) {
      const [row] = await database.query<ApiKeyRow>(
        "api-key-create",
        `INSERT INTO api_keys (user_id, name, prefix, key_hash) VALUES ($1, $2, $3, $4) RETURNING ${columns}`,
        [userId, name, prefix, keyHash],
      );
      if (row === undefined) throw new Error("the new key did not come back");
      return toApiKey(row);
    },

    list: (userId, slice) =>
      readPage<ApiKeyRow, ApiKey>(
        database,
        {
          columns,
          from: "FROM api_keys WHERE user_id = $1",
          order: "created_at DESC, id DESC",
          values: [userId],
        },
        slice,
        toApiKey,
      ),

    async remove(id, userId) {
      const rows = await database.query(
        "api-key-remove",
        "DELETE FROM api_keys WHERE id = $1 AND user_id = $2 RETURNING id",
        [id, userId],
      );
      return rows.length > 0;
    },
  };
}
