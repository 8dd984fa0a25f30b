import type { FastifyInstance } from "fastify";
import { invalid } from "../api-error.ts";
import { success } from "../envelope.ts";
import { lengthOf } from "../fields.ts";
import { parameter, parseLimit, parseOffset, type Query } from "../paging.ts";
import { presentPost } from "../present.ts";
import type { PostStore } from "../stores/post-store.ts";

const longestQuery = 200;

export function addSearchRoutes(api: FastifyInstance, posts: PostStore): void {
  api.get<{ Querystring: Query }>("/search", async (request) => {
    const { text, limit, offset } = parseSearch(request.query);
    const found = await posts.search(text, limit, offset);
    const total = await posts.countMatches(text);
    return success({ items: found.map(presentPost), total, limit, offset });
  });

  api.get<{ Querystring: Query }>("/search/suggest", async (request) => {
    const { text, limit, offset } = parseSearch(request.query);
    const items = await posts.suggest(text, limit, offset);
    return success({ items, total: await posts.countSuggestions(text), limit, offset });
  });
}

function parseSearch(query: Query): {
  readonly text: string;
  readonly limit: number;
  readonly offset: number;
} {
  const text = parameter(query, "q")?.trim() ?? "";
  if (text === "") throw invalid([{ field: "q", message: "is required" }]);
  if (lengthOf(text) > longestQuery)
    throw invalid([{ field: "q", message: "must be at most 200 characters" }]);
  return { text, limit: parseLimit(query), offset: parseOffset(query) };
}
