import type { Client } from "pg";
import { seedCategories, seedComments, seedPost, seedTags, seedUsers } from "./seed-rows.ts";

export const maxSeedPosts = 100_000;
const batchSize = 1000;

export interface SeedProgress {
  readonly done: number;
  readonly total: number;
}

export interface SeedResult {
  /** Posts that were not there before. */
  readonly created: number;
}

/**
 * Puts users, terms, posts 1..`posts` and their comments into the database. Rows that are there already are left as they
 * are, so seeding twice, or first few and then many, gives the same as seeding many. One transaction a batch.
 */
export async function seedDatabase(
  client: Client,
  posts: number,
  onProgress: (progress: SeedProgress) => void = () => undefined,
): Promise<SeedResult> {
  const arrays = await hasArrays(client);
  await inTransaction(client, async () => {
    await insertUsers(client);
    await insertTerms(client, "tags", seedTags());
    await insertTerms(client, "categories", seedCategories());
  });
  let created = 0;
  for (let first = 1; first <= posts; first += batchSize) {
    const last = Math.min(posts, first + batchSize - 1);
    const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    created += await inTransaction(client, () => insertBatch(client, numbers, arrays));
    onProgress({ done: last, total: posts });
  }
  await client.query("ANALYZE");
  return { created };
}

async function insertUsers(client: Client): Promise<void> {
  await client.query(
    `INSERT INTO users (id, username, email, password_hash, first_name, last_name, role, email_verified, created_at, updated_at)
     SELECT id, username, email, password_hash, first_name, last_name, role, true, created_at, created_at
     FROM jsonb_to_recordset($1::jsonb) AS u (id uuid, username text, email text, password_hash text, first_name text,
       last_name text, role text, created_at timestamptz)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(seedUsers())],
  );
}

async function insertTerms(
  client: Client,
  table: "tags" | "categories",
  terms: readonly object[],
): Promise<void> {
  await client.query(
    `INSERT INTO ${table} (id, name, slug, description, created_at, updated_at)
     SELECT id, name, term_slug(name, false), description, '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'
     FROM jsonb_to_recordset($1::jsonb) AS t (id uuid, name text, description text)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(terms)],
  );
}

const postColumns =
  "id, title, slug, content, excerpt, status, author_id, meta_title, meta_description, created_at, updated_at, published_at";
const postRecord = `(id uuid, title text, slug text, content text, excerpt text, status text, author_id uuid,
  tags text[], categories text[], meta_title text, meta_description text, created_at timestamptz,
  updated_at timestamptz, published_at timestamptz)`;

async function insertBatch(client: Client, numbers: readonly number[], arrays: boolean): Promise<number> {
  const rows = JSON.stringify(numbers.map(seedPost));
  const columns = arrays ? `${postColumns}, tags, categories` : postColumns;
  const inserted = await client.query<{ id: string }>(
    `INSERT INTO posts (${columns}) SELECT ${columns} FROM jsonb_to_recordset($1::jsonb) AS p ${postRecord}
     ON CONFLICT DO NOTHING RETURNING id`,
    [rows],
  );
  if (!arrays) {
    const ids = inserted.rows.map((row) => row.id);
    await insertTermRows(client, "tag", "tags", rows, ids);
    await insertTermRows(client, "category", "categories", rows, ids);
  }
  await client.query(
    `INSERT INTO comments (id, post_id, author_id, content, status, created_at, updated_at)
     SELECT c.id, c.post_id, c.author_id, c.content, 'published', c.created_at, c.created_at
     FROM jsonb_to_recordset($1::jsonb) AS c (id uuid, post_id uuid, author_id uuid, content text, created_at timestamptz)
     JOIN posts p ON p.id = c.post_id
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(numbers.flatMap(seedComments))],
  );
  return inserted.rowCount ?? 0;
}

/** After the contract migration there are no arrays for the triggers to follow. */
async function insertTermRows(
  client: Client,
  one: "tag" | "category",
  many: "tags" | "categories",
  rows: string,
  ids: readonly string[],
): Promise<void> {
  await client.query(
    `INSERT INTO post_${many} (post_id, ${one}_id, position)
     SELECT p.id, t.id, n.position
     FROM jsonb_to_recordset($1::jsonb) AS p ${postRecord}
     CROSS JOIN LATERAL unnest(p.${many}) WITH ORDINALITY AS n (name, position)
     JOIN ${many} t ON t.name = n.name
     WHERE p.id = ANY ($2::uuid[])`,
    [rows, ids],
  );
}

async function hasArrays(client: Client): Promise<boolean> {
  const found = await client.query(
    `SELECT 1 FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = 'posts' AND column_name = 'tags'`,
  );
  return found.rowCount === 1;
}

async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}
