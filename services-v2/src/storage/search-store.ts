import type { Post } from "../domain/post.ts";
import type { FoundPost, Page, SearchStore, Slice } from "../usecases/ports.ts";
import type { Database } from "./database.ts";
import { readPage } from "./read-page.ts";
import { postColumns, type PostRow, toPost } from "./rows.ts";

export function createSearchStore(database: Database): SearchStore {
  return {
    containing: (text, slice) => readContaining(database, `%${escapeLike(text)}%`, slice),

    titlesBeginning: (text, slice) =>
      // The index on lower(title) knows this, and not ILIKE.
      readPage<{ readonly title: string }, string>(
        database,
        {
          columns: "d.title",
          from: `FROM (SELECT DISTINCT title FROM posts
                       WHERE status = 'published' AND lower(title) LIKE lower($1)) d`,
          order: "d.title",
          values: [`${escapeLike(text)}%`],
        },
        slice,
        (row) => row.title,
      ),

    ranked: (query, slice) => readRanked(database, query, slice),
  };
}

interface FoundRow extends PostRow {
  readonly total: number;
  readonly rank: number;
}

/**
 * Finds once and counts, orders and cuts what was found: the contents are compared a single time. `lower` on both sides is what
 * ILIKE does, and what the trigram indexes are on.
 */
async function readContaining(database: Database, pattern: string, slice: Slice): Promise<Page<Post>> {
  const rows = await database.query<FoundRow>(
    null,
    `WITH found AS MATERIALIZED (
       SELECT id, lower(title) LIKE lower($1) AS in_title, published_at FROM posts
       WHERE status = 'published' AND (lower(title) LIKE lower($1) OR lower(content) LIKE lower($1))
     ), page AS (
       SELECT id, row_number() OVER (ORDER BY in_title DESC, published_at DESC NULLS LAST, id DESC) AS place FROM found
       ORDER BY place LIMIT $2 OFFSET $3
     )
     SELECT (SELECT count(*)::int FROM found) AS total, ${postColumns}
     FROM (SELECT 1) one LEFT JOIN page ON true LEFT JOIN posts p ON p.id = page.id
     ORDER BY page.place`,
    [pattern, slice.limit, slice.offset],
  );
  return { items: rows.filter((row) => row.id !== null).map(toPost), total: rows[0]?.total ?? 0 };
}

/** Words as people type them (`websearch_to_tsquery`), titles weighing most, then excerpts, then contents. */
async function readRanked(database: Database, query: string, slice: Slice): Promise<Page<FoundPost>> {
  const rows = await database.query<FoundRow>(
    null,
    `WITH found AS MATERIALIZED (
       SELECT id, ts_rank(search_text, query) AS rank, published_at
       FROM posts, websearch_to_tsquery('english', $1) AS query
       WHERE status = 'published' AND search_text @@ query
     ), page AS (
       SELECT id, rank, row_number() OVER (ORDER BY rank DESC, published_at DESC NULLS LAST, id DESC) AS place FROM found
       ORDER BY place LIMIT $2 OFFSET $3
     )
     SELECT (SELECT count(*)::int FROM found) AS total, page.rank, ${postColumns}
     FROM (SELECT 1) one LEFT JOIN page ON true LEFT JOIN posts p ON p.id = page.id
     ORDER BY page.place`,
    [query, slice.limit, slice.offset],
  );
  return {
    items: rows.filter((row) => row.id !== null).map((row) => ({ ...toPost(row), rank: row.rank })),
    total: rows[0]?.total ?? 0,
  };
}

/** Backslash, percent and underscore stand for themselves. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/gu, "\\$&");
}
