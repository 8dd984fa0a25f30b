import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../local/test/database.ts";
import { migrateDatabase, withClient } from "../../src/migrate-database.ts";
import { findViolations } from "../../src/validate.ts";

let database: TestDatabase;
let client: Client;
let author: string;

beforeAll(async () => {
  database = await createTestDatabase(migrateDatabase);
  client = new Client({ connectionString: database.url });
  await client.connect();
  const user = await client.query<{ id: string }>(
    "INSERT INTO users (username, email, password_hash) VALUES ('ann', 'ann@example.com', 'x') RETURNING id",
  );
  author = String(user.rows[0]?.id);
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

beforeEach(async () => {
  await client.query("TRUNCATE posts CASCADE");
  await client.query("DELETE FROM tags");
  await client.query("DELETE FROM categories");
});

let counter = 0;

/** As cms-v1 writes: names in arrays. */
async function writeArrays(tags: readonly string[], status = "published", on = client): Promise<string> {
  counter += 1;
  const made = await on.query<{ id: string }>(
    `INSERT INTO posts (title, slug, content, status, author_id, tags, categories)
     VALUES ('A title', $1, 'words', $2, $3, $4, '{News}') RETURNING id`,
    [`slug-${counter}`, status, author, tags],
  );
  return String(made.rows[0]?.id);
}

/** As cms-v2 writes: rows, with the post locked first. Call it inside a transaction when others write too. */
async function writeRows(post: string, names: readonly string[], on = client): Promise<void> {
  await on.query("SELECT 1 FROM posts WHERE id = $1 FOR NO KEY UPDATE", [post]);
  await on.query("SELECT lock_tags(ARRAY[$1]::uuid[], $2)", [post, names]);
  await on.query("DELETE FROM post_tags WHERE post_id = $1", [post]);
  await on.query(
    `INSERT INTO post_tags (post_id, tag_id, position)
     SELECT $1, t.id, n.position FROM unnest($2::text[]) WITH ORDINALITY AS n (name, position) JOIN tags t USING (name)`,
    [post, names],
  );
}

async function rowsOf(post: string): Promise<readonly string[]> {
  const found = await client.query<{ name: string }>(
    "SELECT t.name FROM post_tags r JOIN tags t ON t.id = r.tag_id WHERE r.post_id = $1 ORDER BY r.position",
    [post],
  );
  return found.rows.map((row) => row.name);
}

async function arrayOf(post: string): Promise<unknown> {
  return (await client.query<{ tags: string[] }>("SELECT tags FROM posts WHERE id = $1", [post])).rows[0]
    ?.tags;
}

async function counts(): Promise<Record<string, number>> {
  const found = await client.query<{ name: string; post_count: number }>(
    "SELECT name, post_count FROM tags WHERE post_count <> 0 ORDER BY name",
  );
  return Object.fromEntries(found.rows.map((row) => [row.name, row.post_count]));
}

async function inTransaction(on: Client, work: () => Promise<void>): Promise<void> {
  await on.query("BEGIN");
  try {
    await work();
    await on.query("COMMIT");
  } catch (error) {
    await on.query("ROLLBACK");
    throw error;
  }
}

describe("a post written as arrays", () => {
  test("appears as rows in the same order", async () => {
    const post = await writeArrays(["zebra", "apple", "mango"]);
    expect(await rowsOf(post)).toEqual(["zebra", "apple", "mango"]);
    expect(await counts()).toEqual({ apple: 1, mango: 1, zebra: 1 });
  });

  test("takes its rows along when the arrays change", async () => {
    const post = await writeArrays(["one tag", "two tag"]);
    await client.query("UPDATE posts SET tags = '{two tag,three tag}' WHERE id = $1", [post]);
    expect(await rowsOf(post)).toEqual(["two tag", "three tag"]);
    expect(await counts()).toEqual({ "three tag": 1, "two tag": 1 });
  });

  test("keeps rows when only the order changes", async () => {
    const post = await writeArrays(["one", "two"]);
    await client.query("UPDATE posts SET tags = '{two,one}' WHERE id = $1", [post]);
    expect(await rowsOf(post)).toEqual(["two", "one"]);
    expect(await counts()).toEqual({ one: 1, two: 1 });
  });

  test("has repeated names brought down to one in both forms", async () => {
    const post = await writeArrays(["echo", "echo", "other"]);
    expect(await rowsOf(post)).toEqual(["echo", "other"]);
    expect(await arrayOf(post)).toEqual(["echo", "other"]);
  });

  test("can be written by the hundred in one statement", async () => {
    await client.query(
      `INSERT INTO posts (title, slug, content, status, author_id, tags)
       SELECT 't', 'bulk-' || n, 'c', CASE n % 2 WHEN 0 THEN 'published' ELSE 'draft' END, $1,
         ARRAY['all', 'mod' || n % 3] FROM generate_series(1, 300) AS n`,
      [author],
    );
    expect(await counts()).toEqual({ all: 150, mod0: 50, mod1: 50, mod2: 50 });
    expect(await findViolations(client)).toEqual([]);
  });
});

describe("a post written as rows", () => {
  test("appears as arrays in the order of the positions", async () => {
    const post = await writeArrays([]);
    await writeRows(post, ["second", "first"]);
    expect(await arrayOf(post)).toEqual(["second", "first"]);
    expect(await counts()).toEqual({ first: 1, second: 1 });
  });

  test("keeps positions of the writer's choosing", async () => {
    const post = await writeArrays([]);
    await client.query("SELECT register_tags('{aa,bb}')");
    await client.query(
      `INSERT INTO post_tags (post_id, tag_id, position)
       SELECT $1, id, CASE name WHEN 'aa' THEN 70 ELSE 7 END FROM tags`,
      [post],
    );
    expect(await arrayOf(post)).toEqual(["bb", "aa"]);
    const positions = await client.query("SELECT position FROM post_tags ORDER BY position");
    expect(positions.rows).toEqual([{ position: 7 }, { position: 70 }]);
  });

  test("loses a name from the array when its row goes", async () => {
    const post = await writeArrays(["stays", "goes"]);
    await client.query("DELETE FROM post_tags USING tags t WHERE t.id = tag_id AND t.name = 'goes'");
    expect(await arrayOf(post)).toEqual(["stays"]);
    expect(await counts()).toEqual({ stays: 1 });
  });

  test("carries a new name in its array when the tag is renamed", async () => {
    const post = await writeArrays(["before", "other"]);
    await client.query("UPDATE tags SET name = 'after' WHERE name = 'before'");
    expect(await arrayOf(post)).toEqual(["after", "other"]);
    expect(await rowsOf(post)).toEqual(["after", "other"]);
  });
});

describe("the counts", () => {
  test("follow the status of the post", async () => {
    const post = await writeArrays(["term"], "draft");
    expect(await counts()).toEqual({});
    await client.query("UPDATE posts SET status = 'published' WHERE id = $1", [post]);
    expect(await counts()).toEqual({ term: 1 });
    await client.query("UPDATE posts SET status = 'archived' WHERE id = $1", [post]);
    expect(await counts()).toEqual({});
  });

  test("go down when a published post is deleted", async () => {
    const post = await writeArrays(["term", "more"]);
    await writeArrays(["term"]);
    await client.query("DELETE FROM posts WHERE id = $1", [post]);
    expect(await counts()).toEqual({ term: 1 });
    expect(await findViolations(client)).toEqual([]);
  });

  test("are right when status and tags change in one statement", async () => {
    const post = await writeArrays(["old term"], "draft");
    await client.query("UPDATE posts SET status = 'published', tags = '{new term}' WHERE id = $1", [post]);
    expect(await counts()).toEqual({ "new term": 1 });
  });

  test("of categories are kept the same way", async () => {
    await writeArrays([]);
    const found = await client.query("SELECT name, slug, post_count FROM categories");
    expect(found.rows).toEqual([{ name: "News", slug: "news", post_count: 1 }]);
  });
});

test("names that lead to the same slug get different ones", async () => {
  await writeArrays(["node js", "node-js", "c++", "日本語のタグ"]);
  const slugs = await client.query<{ slug: string }>("SELECT slug FROM tags ORDER BY name");
  expect(slugs.rows.map((row) => row.slug)).toEqual([
    expect.stringMatching(/^c-[0-9a-f]{8}$/),
    "node-js",
    expect.stringMatching(/^node-js-[0-9a-f]{8}$/),
    expect.stringMatching(/^[0-9a-f]{8}$/),
  ]);
});

test("writers of both forms working on the same posts at once leave both forms equal and the counts right", async () => {
  const posts: string[] = [];
  for (let n = 0; n < 4; n += 1) posts.push(await writeArrays(["start"]));
  const names = ["alpha", "beta", "gamma", "delta", "epsilon"];
  const writers = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const connection = new Client({ connectionString: database.url });
      await connection.connect();
      return connection;
    }),
  );
  await Promise.all(
    writers.map(async (connection, writer) => {
      for (let round = 0; round < 25; round += 1) {
        const post = posts[(writer + round) % posts.length] ?? "";
        const picked = names.filter((_, index) => (writer * 7 + round * 3 + index) % 3 === 0);
        await inTransaction(connection, async () => {
          const turn = (writer + round) % 4;
          if (turn === 0) await writeRows(post, picked, connection);
          else if (turn === 1) {
            await connection.query("UPDATE posts SET tags = $2 WHERE id = $1", [post, picked.toReversed()]);
          } else if (turn === 2) {
            const status = round % 2 === 0 ? "draft" : "published";
            await connection.query("UPDATE posts SET status = $2 WHERE id = $1", [post, status]);
          } else {
            await connection.query("UPDATE posts SET tags = $2, status = 'published' WHERE id = $1", [
              post,
              picked,
            ]);
          }
        });
      }
    }),
  );
  await Promise.all(writers.map((connection) => connection.end()));
  expect(await findViolations(client)).toEqual([]);
  const filled = await client.query("SELECT count(*)::int AS n FROM post_tags");
  expect(filled.rows[0]).not.toEqual({ n: 0 });
});

test("deleting and retagging posts with the same tags at once never deadlocks", async () => {
  const connections = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const connection = new Client({ connectionString: database.url });
      await connection.connect();
      return connection;
    }),
  );
  for (let round = 0; round < 10; round += 1) {
    const posts: string[] = [];
    for (let n = 0; n < connections.length; n += 1) {
      posts.push(await writeArrays(n % 2 === 0 ? ["aa", "bb", "cc"] : ["cc", "bb", "aa"]));
    }
    // A deadlock would end one of these with 40P01.
    await Promise.all(
      connections.map((connection, n) =>
        n % 2 === 0
          ? connection.query("DELETE FROM posts WHERE id = $1", [posts[n]])
          : connection.query("UPDATE posts SET tags = '{bb,dd}' WHERE id = $1", [posts[n]]),
      ),
    );
  }
  await Promise.all(connections.map((connection) => connection.end()));
  expect(await counts()).toEqual({ bb: 40, dd: 40 });
  expect(await findViolations(client)).toEqual([]);
});

test("posts created at once with the same new names share one row per name", async () => {
  const made = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      withClient(database.url, async (connection) => {
        const tags = n % 2 === 0 ? ["fresh one", "fresh two"] : ["fresh two", "fresh one"];
        let post = "";
        await inTransaction(connection, async () => {
          post = await writeArrays(tags, "published", connection);
        });
        return post;
      }),
    ),
  );
  expect(new Set(made).size).toBe(8);
  expect(await counts()).toEqual({ "fresh one": 8, "fresh two": 8 });
  expect(await findViolations(client)).toEqual([]);
});

test("a row writer that is not finished makes an array writer of the same post wait", async () => {
  const post = await writeArrays(["begin"]);
  await withClient(database.url, async (slow) => {
    await slow.query("BEGIN");
    await writeRows(post, ["from rows"], slow);
    const other = withClient(database.url, (fast) =>
      fast.query("UPDATE posts SET tags = tags || '{from arrays}' WHERE id = $1", [post]),
    );
    await expect
      .poll(async () => {
        const waiting = await client.query(
          "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return waiting.rowCount;
      })
      .toBe(1);
    await slow.query("COMMIT");
    await other;
  });
  expect(await arrayOf(post)).toEqual(["from rows", "from arrays"]);
  expect(await rowsOf(post)).toEqual(["from rows", "from arrays"]);
});
