import type { Queries } from "./database.ts";

const tables = {
  tags: { link: "post_tags", key: "tag_id" },
  categories: { link: "post_categories", key: "category_id" },
} as const;

/**
 * Makes the post's tags or categories exactly these names, in this order, and registers the names that are new. One statement
 * deletes and inserts, so that the triggers which keep the arrays of v1 in step never see the rows half changed.
 */
export async function writeTerms(
  queries: Queries,
  kind: keyof typeof tables,
  postId: string,
  names: readonly string[],
): Promise<void> {
  const { link, key } = tables[kind];
  if (names.length > 0)
    await queries.query(`${kind}-register`, `SELECT register_${kind}($1::text[])`, [names]);
  await queries.query(
    `${kind}-write`,
    `WITH wanted AS (
       SELECT t.id, w.position::int AS position
       FROM unnest($2::text[]) WITH ORDINALITY AS w (name, position) JOIN ${kind} t ON t.name = w.name
     ), gone AS (
       DELETE FROM ${link} WHERE post_id = $1 AND ${key} NOT IN (SELECT id FROM wanted)
     )
     INSERT INTO ${link} (post_id, ${key}, position) SELECT $1, id, position FROM wanted ORDER BY id
     ON CONFLICT (post_id, ${key}) DO UPDATE SET position = EXCLUDED.position
       WHERE ${link}.position <> EXCLUDED.position`,
    [postId, names],
  );
}
