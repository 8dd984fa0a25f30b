import type { FastifyInstance } from "fastify";
import { notFound } from "../api-error.ts";
import type { Authenticator } from "../authenticate.ts";
import { success } from "../envelope.ts";
import { FieldReader } from "../fields.ts";
import { callerOf, requireCaller } from "../guard.ts";
import { listing, parsePage, type Query } from "../paging.ts";
import { presentApiKey } from "../present.ts";
import type { ApiKeyStore } from "../stores/api-key-store.ts";
import { createApiKey, hashSecret, isUuid } from "../tokens.ts";

const prefixLength = 12;

export function addApiKeyRoutes(
  api: FastifyInstance,
  apiKeys: ApiKeyStore,
  authenticator: Authenticator,
): void {
  const required = { onRequest: requireCaller(authenticator) };

  api.post("/api-keys", required, async (request, reply) => {
    const fields = FieldReader.ofBody(request.body);
    const rule = { min: 1, max: 100, trim: true, message: "must be between 1 and 100 characters" };
    const name = fields.requiredText("name", rule) ?? "";
    fields.finish();
    const key = createApiKey();
    const row = await apiKeys.insert(
      callerOf(request).user.id,
      name,
      key.slice(0, prefixLength),
      hashSecret(key),
    );
    if (!row) throw new Error("the API key was to be returned");
    reply.code(201);
    return success({ ...presentApiKey(row), key });
  });

  api.get<{ Querystring: Query }>("/api-keys", required, async (request) => {
    const userId = callerOf(request).user.id;
    const page = parsePage(request.query);
    const found = await apiKeys.list(userId, page);
    return success(listing(found.map(presentApiKey), await apiKeys.count(userId), page));
  });

  api.delete<{ Params: { id: string } }>("/api-keys/:id", required, async (request) => {
    const { id } = request.params;
    const removed = isUuid(id) && (await apiKeys.remove(id, callerOf(request).user.id));
    if (!removed) throw notFound("API key");
    return success({ message: "API key revoked successfully" });
  });
}
