import type { FastifyInstance } from "fastify";
import { countCharacters } from "../../domain/text-rule.ts";
import { presentPost } from "../present.ts";
import { queryText } from "../query-text.ts";
import type { Services } from "../services.ts";
import { sendRead } from "./answer.ts";
import { presentPage, readSlice, refuseQuery } from "./list-query.ts";

const longestQuery = 200;

export function addV2SearchRoutes(server: FastifyInstance, services: Services): void {
  server.get("/search", { config: { access: { credentials: "anyone" } } }, (request, reply) => {
    const query = queryText(request, "q")?.trim() ?? "";
    if (query === "") return refuseQuery({ field: "q", code: "required" });
    if (countCharacters(query) > longestQuery) {
      return refuseQuery({ field: "q", code: "too_long", limit: longestQuery });
    }
    const slice = readSlice(request);
    const key = `search ${JSON.stringify([query, slice])}`;
    return sendRead(request, reply, services.answers, key, async () =>
      presentPage(await services.search.ranked(query, slice), slice, (post) => ({
        ...presentPost(post),
        rank: post.rank,
      })),
    );
  });
}
