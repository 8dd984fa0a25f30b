import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseKeyName } from "../../domain/loose-post.ts";
import { countCharacters } from "../../domain/text-rule.ts";
import { isUuid } from "../../domain/uuid.ts";
import type { Page, Slice, Term } from "../../usecases/ports.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentApiKey, presentPost, presentTerm } from "../present.ts";
import { pathText, queryText } from "../query-text.ts";
import { Refusal, unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { sendData, sendWrapped, wrapData } from "./answer.ts";
import { presentPage, readPageQuery, readSlice } from "./list-query.ts";

const longestQuery = 200;

/** Terms, searches and API keys. */
export function addV1OtherRoutes(server: FastifyInstance, services: Services): void {
  const { answers, apiKeys, search, taxonomyLists } = services;

  const addTermList = (path: string, read: (slice: Slice) => Promise<Page<Term>>): void => {
    server.get(path, { config: { access: { credentials: "anyone" } } }, async (request, reply) => {
      const query = readPageQuery(request);
      const body = await answers(`v1 ${path} ${query.page} ${query.limit}`, async () =>
        wrapData(presentPage(await read(query), query, presentTerm)),
      );
      return sendWrapped(reply, 200, body);
    });
  };
  addTermList("/tags", (slice) => taxonomyLists.listTagsInUse(slice));
  addTermList("/categories", (slice) => taxonomyLists.listCategoriesInUse(slice));

  const addSearch = <Item>(
    path: string,
    find: (text: string, slice: Slice) => Promise<Page<Item>>,
    present: (item: Item) => unknown,
  ): void => {
    server.get(path, { config: { access: { credentials: "anyone" } } }, async (request, reply) => {
      const text = readSearchText(request);
      const slice = readSlice(request);
      const body = await answers(`v1 ${path} ${JSON.stringify([text, slice])}`, async () => {
        const { items, total } = await find(text, slice);
        return wrapData({ items: items.map(present), total, limit: slice.limit, offset: slice.offset });
      });
      return sendWrapped(reply, 200, body);
    });
  };
  addSearch("/search", (text, slice) => search.containing(text, slice), presentPost);
  addSearch(
    "/search/suggest",
    (text, slice) => search.titlesBeginning(text, slice),
    (title) => title,
  );

  server.post("/api-keys", { config: { access: { credentials: "required" } } }, async (request, reply) => {
    const name = unwrap(parseKeyName(readObject(request)));
    const created = await apiKeys.create(callerOf(request).user.id, name);
    return sendData(reply, { ...presentApiKey(created), key: created.key }, 201);
  });

  server.get("/api-keys", { config: { access: { credentials: "required" } } }, async (request, reply) => {
    const query = readPageQuery(request);
    const page = await apiKeys.list(callerOf(request).user.id, query);
    return sendData(reply, presentPage(page, query, presentApiKey));
  });

  server.delete(
    "/api-keys/:id",
    { config: { access: { credentials: "required" } } },
    async (request, reply) => {
      const id = pathText(request, "id");
      if (!isUuid(id)) throw new Refusal({ kind: "not_found", resource: "api_key" });
      unwrap(await apiKeys.revoke(callerOf(request).user.id, id));
      return sendData(reply, { message: "API key revoked successfully" });
    },
  );
}

function readSearchText(request: FastifyRequest): string {
  const text = queryText(request, "q")?.trim() ?? "";
  const code = text === "" ? "required" : "too_long";
  if (text !== "" && countCharacters(text) <= longestQuery) return text;
  throw new Refusal({ kind: "invalid", violations: [{ field: "q", code }] });
}
