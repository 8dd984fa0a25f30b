import type { FastifyInstance } from "fastify";
import { success } from "../envelope.ts";
import { listing, parsePage, type Query } from "../paging.ts";
import type { TermKind, TermStore } from "../stores/term-store.ts";

export function addTermRoutes(api: FastifyInstance, terms: TermStore): void {
  const kinds: readonly TermKind[] = ["tags", "categories"];
  for (const kind of kinds) {
    api.get<{ Querystring: Query }>(`/${kind}`, async (request) => {
      const page = parsePage(request.query);
      return success(listing(await terms.list(kind, page), await terms.count(kind), page));
    });
  }
}
