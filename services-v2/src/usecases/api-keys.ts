import { done, type Outcome, refuse } from "../domain/outcome.ts";
import type { ApiKey, ApiKeyStore, Page, Secrets, Slice } from "./ports.ts";

export interface ApiKeys {
  /** The key itself is in this answer and nowhere else: its hash is kept. */
  create(userId: string, name: string): Promise<ApiKey & { readonly key: string }>;
  list(userId: string, slice: Slice): Promise<Page<ApiKey>>;
  revoke(userId: string, id: string): Promise<Outcome<null>>;
}

const prefixLength = 12;

export function createApiKeys(store: ApiKeyStore, secrets: Secrets): ApiKeys {
  return {
    async create(userId, name) {
      const key = secrets.newApiKey();
      const created = await store.create(userId, name, key.slice(0, prefixLength), secrets.hash(key));
      return { ...created, key };
    },
    list: (userId, slice) => store.list(userId, slice),
    async revoke(userId, id) {
      return (await store.remove(id, userId))
        ? done(null)
        : refuse({ kind: "not_found", resource: "api_key" });
    },
  };
}
