import type { QueryResultRow } from "pg";
import type { Page, Slice } from "../usecases/ports.ts";
import type { Queries } from "./database.ts";

export interface PageQuery {
  /** What is selected for each row of the page, from `from`. */
  readonly columns: string;
  /** `FROM` and `WHERE` that say which rows there are; parameters from $1 on. */
  readonly from: string;
  /** A total order over those rows. */
  readonly order: string;
  readonly values: readonly unknown[];
}

/**
 * A page and the number of all rows in one statement. The outer join keeps the number when the page is empty; columns are
 * worked out for the rows of the page alone. Unnamed, because the best plan differs with the filters' values.

 * @param toItem called as `Array.map` calls
 */
export async function readPage<Row extends QueryResultRow, Item>(
  queries: Queries,
  query: PageQuery,
  slice: Slice,
  toItem: (row: Row, index: number, rows: Row[]) => Item,
): Promise<Page<Item>> {
  const limit = `$${query.values.length + 1}`;
  const offset = `$${query.values.length + 2}`;
  const rows = await queries.query<Row & { readonly total: number; readonly place: string | null }>(
    null,
    `SELECT n.total, page.* FROM (SELECT count(*)::int AS total ${query.from}) n
     LEFT JOIN (
       SELECT row_number() OVER (ORDER BY ${query.order}) AS place, ${query.columns} ${query.from}
       ORDER BY ${query.order} LIMIT ${limit} OFFSET ${offset}
     ) page ON true
     ORDER BY page.place`,
    [...query.values, slice.limit, slice.offset],
  );
  return { items: rows.filter((row) => row.place !== null).map(toItem), total: rows[0]?.total ?? 0 };
}
