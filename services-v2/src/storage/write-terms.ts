import type { Queries } from "./database.ts";

const tables = {
  tags: { link: "post_tags", key: "tag_id" },
  categories: { link: "post_categories", key: "category_id" },
} as const;

/**
 * Registers the names, and locks every tag and category that the post has or is to have, in the one order in which everybody locks them.
 * Whoever is about to change a post's terms or status, or to delete it, calls this right after locking the post: the triggers
 * that keep counts and arrays touch those rows statement by statement, and two writers would meet in a deadlock.
 */
export async function lockTerms(
  queries: Queries,
  postId: string,
  tags: readonly string[],
  categories: readonly string[],
): Promise<void> {
  await queries.query("tags-lock", "SELECT lock_tags(ARRAY[$1]::uuid[], $2::text[])", [postId, tags]);
  await queries.query("categories-lock", "SELECT lock_categories(ARRAY[$1]::uuid[], $2::text[])", [
    postId,
    categories,
  ]);
}

/**
 * Makes the post's tags or categories exactly these names, in this order; {@link lockTerms} has registered and locked them. One statement
 * deletes and inserts, so that the triggers which keep the arrays of v1 in step never see the rows half changed.
 */
export async function writeTerms(
  queries: Queries,
  kind: keyof typeof tables,
  postId: string,
  names: readonly string[],
): Promise<void> {
  const { link, key } = tables[kind];
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
