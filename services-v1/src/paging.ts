export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Page {
  readonly page: number;
  readonly limit: number;
  readonly offset: number;
}

export interface Listing<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly page: number;
  readonly limit: number;
  readonly total_pages: number;
}

const defaultLimit = 20;
const mostLimit = 100;

/** The first value of a parameter, well-formed and without NULs; undefined when absent or empty. */
export function parameter(query: Query, name: string): string | undefined {
  const given = Object.hasOwn(query, name) ? query[name] : undefined;
  const first = typeof given === "string" ? given : given?.[0];
  return first?.toWellFormed().replaceAll("\0", "") || undefined;
}

function whole(query: Query, name: string): number | undefined {
  const text = parameter(query, name);
  return text !== undefined && /^[0-9]{1,9}$/u.test(text) ? Number(text) : undefined;
}

/** 1 to 100; 20 when absent, malformed or 0. */
export function parseLimit(query: Query): number {
  return Math.min(mostLimit, whole(query, "limit") || defaultLimit);
}

export function parseOffset(query: Query): number {
  return whole(query, "offset") ?? 0;
}

export function parsePage(query: Query): Page {
  const page = whole(query, "page") || 1;
  const limit = parseLimit(query);
  return { page, limit, offset: (page - 1) * limit };
}

export function listing<T>(items: readonly T[], total: number, { page, limit }: Page): Listing<T> {
  return { items, total, page, limit, total_pages: Math.ceil(total / limit) };
}

/**
 * An ORDER BY list for `?sort`, `-created_at` for anything unknown. `columns` maps the accepted names to SQL; nothing of
 * the client's text gets into the statement.
 */
export function parseSort(query: Query, columns: ReadonlyMap<string, string>): string {
  const asked = parameter(query, "sort") ?? "";
  const descending = asked.startsWith("-");
  const column = columns.get(descending ? asked.slice(1) : asked);
  if (column === undefined) return "created_at DESC, id DESC";
  const direction = descending ? "DESC" : "ASC";
  return `${column} ${direction} NULLS LAST, id ${direction}`;
}
