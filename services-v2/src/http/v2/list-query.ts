import type { FastifyRequest } from "fastify";
import type { Violation } from "../../domain/violation.ts";
import type { Page, Slice, Sort } from "../../usecases/ports.ts";
import { queryText } from "../query-text.ts";
import { Refusal } from "../refusal.ts";

const defaultLimit = 20;
const mostLimit = 100;

/** `?offset&limit`: whole numbers, else 400; a limit above 100 counts as 100, and the answer says so. */
export function readSlice(request: FastifyRequest): Slice {
  const offset = readNumber(request, "offset", 0, 0);
  const limit = readNumber(request, "limit", defaultLimit, 1);
  return { offset, limit: Math.min(limit, mostLimit) };
}

function readNumber(request: FastifyRequest, name: string, fallback: number, least: number): number {
  const text = queryText(request, name);
  if (text === null) return fallback;
  const number = /^\d{1,9}$/u.test(text) ? Number(text) : -1;
  return number >= least ? number : refuseQuery({ field: name, code: "format" });
}

/** `?sort=field` or `?sort=-field`. @throws Refusal for a name that is not listed */
export function readSort<Field extends string>(
  request: FastifyRequest,
  fields: readonly Field[],
  fallback: Field,
): Sort<Field> {
  const text = queryText(request, "sort");
  if (text === null) return { field: fallback, descending: true };
  const descending = text.startsWith("-");
  const field = fields.find((each) => each === text.slice(descending ? 1 : 0));
  return field === undefined ? refuseQuery({ field: "sort", code: "not_allowed" }) : { field, descending };
}

export function refuseQuery(violation: Violation): never {
  throw new Refusal({ kind: "invalid", violations: [violation] });
}

export function presentPage<Item>(page: Page<Item>, slice: Slice, present: (item: Item) => object): object {
  return {
    data: page.items.map(present),
    pagination: {
      offset: slice.offset,
      limit: slice.limit,
      total: page.total,
      has_next: slice.offset + page.items.length < page.total && page.items.length > 0,
      has_prev: slice.offset > 0 && page.total > 0,
    },
  };
}
