import type { FastifyRequest } from "fastify";
import type { Page, Slice, Sort } from "../../usecases/ports.ts";
import { queryText } from "../query-text.ts";

const defaultLimit = 20;
const mostLimit = 100;

export interface PageQuery extends Slice {
  readonly page: number;
}

function readCount(request: FastifyRequest, name: string, fallback: number): number {
  const text = queryText(request, name);
  return text !== null && /^[0-9]{1,9}$/u.test(text) ? Number(text) : fallback;
}

/** `limit`: 20 unless given, and never more than 100; 0 counts as not given. */
export function readLimit(request: FastifyRequest): number {
  return Math.min(readCount(request, "limit", defaultLimit) || defaultLimit, mostLimit);
}

export function readSlice(request: FastifyRequest): Slice {
  return { offset: readCount(request, "offset", 0), limit: readLimit(request) };
}

export function readPageQuery(request: FastifyRequest): PageQuery {
  const page = readCount(request, "page", 1) || 1;
  const limit = readLimit(request);
  return { page, limit, offset: (page - 1) * limit };
}

/** A listed name, with `-` before it for descending; anything else is the newest first. */
export function readSort<Field extends string>(
  request: FastifyRequest,
  fields: readonly Field[],
): Sort<Field | "created_at"> {
  const text = queryText(request, "sort") ?? "";
  const descending = text.startsWith("-");
  const name = descending ? text.slice(1) : text;
  const field = fields.find((each) => each === name);
  return field === undefined ? { field: "created_at", descending: true } : { field, descending };
}

export function presentPage<Item>(
  page: Page<Item>,
  query: PageQuery,
  present: (item: Item) => object,
): object {
  return {
    items: page.items.map(present),
    total: page.total,
    page: query.page,
    limit: query.limit,
    total_pages: Math.ceil(page.total / query.limit),
  };
}
