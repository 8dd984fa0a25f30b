import { spawn } from "node:child_process";
import path from "node:path";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../local/test/database.ts";
import { withClient } from "../../src/migrate-database.ts";

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const command = path.join(import.meta.dirname, "..", "..", "src", "cms-migrate.ts");

function run(url: string | undefined, ...words: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [command, ...words], {
    env: { PATH: process.env["PATH"], ...(url === undefined ? {} : { DATABASE_URL: url }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

async function emptyDatabase(): Promise<string> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  return database.url;
}

/** One hash of every row that seeding makes, ids and times included; not of what the database draws by itself. */
async function fingerprint(url: string): Promise<unknown> {
  return withClient(url, async (client) => {
    const answer = await client.query(`
      SELECT md5(string_agg(row, '|' ORDER BY row)) AS hash, count(*)::int AS rows FROM (
        SELECT to_jsonb(u)::text FROM users u
        UNION ALL SELECT to_jsonb(p)::text FROM posts p
        UNION ALL SELECT to_jsonb(c)::text FROM comments c
        UNION ALL SELECT to_jsonb(t)::text FROM tags t
        UNION ALL SELECT to_jsonb(c)::text FROM categories c
        UNION ALL SELECT to_jsonb(r)::text FROM post_tags r
        UNION ALL SELECT to_jsonb(r)::text FROM post_categories r) AS rows (row)`);
    return answer.rows[0];
  });
}

async function tables(url: string): Promise<readonly string[]> {
  return withClient(url, async (client) => {
    const found = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    );
    return found.rows.map((row) => row.name);
  });
}

test("a fresh database is migrated, seeded and verified in one go, and a second time nothing happens", async () => {
  const url = await emptyDatabase();
  const first = await run(url, "migrate", "--verify");
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toContain("applied 0001_baseline\napplied 0002_expand\n");
  expect(first.stdout).toContain("seeded posts 1 to 200, 200 of them new");
  expect(first.stdout).toMatch(/valid\n$/u);
  const before = await fingerprint(url);
  expect(await run(url, "migrate", "--verify")).toEqual({
    code: 0,
    stdout: "nothing to apply\nvalid\n",
    stderr: "",
  });
  expect(await fingerprint(url)).toEqual(before);
});

test("two that migrate and seed at once both succeed, and the work is done once", async () => {
  const url = await emptyDatabase();
  const runs = await Promise.all([run(url, "migrate"), run(url, "migrate"), run(url, "migrate")]);
  expect(runs.map((each) => each.code)).toEqual([0, 0, 0]);
  expect(runs.filter((each) => each.stdout.includes("applied 0001_baseline"))).toHaveLength(1);
  expect(runs.filter((each) => each.stdout.includes("seeded"))).toHaveLength(1);
  expect((await run(url, "validate")).stdout).toBe("valid\n");
});

test(
  "the same number of posts gives the same rows, in whatever steps and at whatever stage of migration",
  { timeout: 120_000 },
  async () => {
    const [atOnce, inSteps] = [await emptyDatabase(), await emptyDatabase()];
    await run(atOnce, "migrate", "--no-seed");
    const seeded = await run(atOnce, "seed", "--posts", "1100");
    expect(seeded.stdout).toContain("seeded posts 1 to 1100, 1100 of them new");
    expect(seeded.stderr).toBe("seeding: 1000 of 1100 posts (90 %)\nseeding: 1100 of 1100 posts (100 %)\n");
    await run(inSteps, "migrate", "--no-seed");
    await run(inSteps, "seed", "--posts", "70");
    await run(inSteps, "seed", "--posts", "1100");
    const expected = await fingerprint(atOnce);
    expect(expected).toMatchObject({ rows: expect.any(Number) });
    expect(await fingerprint(inSteps)).toEqual(expected);

    await run(inSteps, "reset", "--yes", "--no-seed");
    expect(await run(inSteps, "migrate", "--contract", "--no-seed")).toMatchObject({ code: 0 });
    await run(inSteps, "seed", "--posts", "1100");
    expect((await run(inSteps, "validate")).stdout).toBe("valid\n");
    expect(await run(inSteps, "rollback")).toEqual({
      code: 0,
      stdout: "took back 0003_contract\n",
      stderr: "",
    });
    expect(await fingerprint(inSteps)).toEqual(expected);
  },
);

test("rolling back the expand migration keeps every post's terms in the arrays, and migrating again restores the rows", async () => {
  const url = await emptyDatabase();
  await run(url, "migrate");
  const rows = () =>
    withClient(url, async (client) => {
      const found = await client.query(
        `SELECT p.slug, array_agg(t.name ORDER BY r.position) AS tags FROM posts p
         JOIN post_tags r ON r.post_id = p.id JOIN tags t ON t.id = r.tag_id GROUP BY p.slug ORDER BY p.slug`,
      );
      return found.rows;
    });
  const before = await rows();
  expect(before.length).toBeGreaterThan(100);
  expect((await run(url, "rollback")).stdout).toBe("took back 0002_expand\n");
  expect(await tables(url)).not.toContain("post_tags");
  expect((await run(url, "migrate", "--verify")).stdout).toBe("applied 0002_expand\nvalid\n");
  expect(await rows()).toEqual(before);
  const counted = await withClient(url, (client) =>
    client.query("SELECT sum(post_count)::int AS n FROM tags"),
  );
  expect(counted.rows[0].n).toBeGreaterThan(100);
});

test("rolling back everything leaves nothing but the list of migrations", async () => {
  const url = await emptyDatabase();
  await run(url, "migrate", "--contract");
  for (const name of ["0003_contract", "0002_expand", "0001_baseline"]) {
    expect((await run(url, "rollback")).stdout).toBe(`took back ${name}\n`);
  }
  expect(await tables(url)).toEqual(["schema_migrations"]);
  expect(await run(url, "rollback")).toMatchObject({ code: 0, stdout: "nothing to take back\n" });
});

test("a dry run says what would be done and changes nothing", async () => {
  const url = await emptyDatabase();
  const dry = await run(url, "migrate", "--dry-run");
  expect(dry.code).toBe(0);
  expect(dry.stdout).toContain("CREATE TABLE users");
  expect(dry.stdout).toContain("would apply 0001_baseline\nwould apply 0002_expand\n");
  expect(await tables(url)).toEqual([]);
  await run(url, "migrate");
  const before = await fingerprint(url);
  expect((await run(url, "rollback", "--dry-run")).stdout).toContain("would take back 0002_expand\n");
  expect((await run(url, "seed", "--posts", "900", "--dry-run")).stdout).toBe("would seed posts 1 to 900\n");
  expect((await run(url, "reset", "--dry-run")).stdout).toContain(
    "would take back 2 migrations with all data",
  );
  expect(await fingerprint(url)).toEqual(before);
});

test("the status names every migration and when it was applied", async () => {
  const url = await emptyDatabase();
  expect((await run(url, "status")).stdout).toBe(
    "0001_baseline  pending\n0002_expand  pending\n0003_contract  pending (only by migrate --contract)\n",
  );
  await run(url, "migrate", "--no-seed");
  const { stdout } = await run(url, "status");
  expect(stdout).toMatch(
    /^0001_baseline {2}applied \d{4}-.*Z\n0002_expand {2}applied .*\n0003_contract {2}pending/u,
  );
});

test("validate finds rows that were damaged behind the triggers' back", async () => {
  const url = await emptyDatabase();
  await run(url, "migrate");
  await withClient(url, async (client) => {
    await client.query("SET session_replication_role = replica");
    await client.query("UPDATE tags SET post_count = post_count + 1 WHERE name = 'proxy'");
    await client.query(
      "UPDATE posts SET categories = '{Nowhere}' WHERE slug = (SELECT min(slug) FROM posts)",
    );
  });
  const { code, stdout } = await run(url, "validate");
  expect(code).toBe(1);
  expect(stdout.split("\n")).toEqual([
    "broken: post_count of tags is the number of published posts: 1 rows, for example proxy",
    expect.stringMatching(/^broken: the array and the rows of a post name the same categories: 1 rows/u),
    "",
  ]);
});

test("the contract migration is refused in plain words while a cms-v1 holds its lock", async () => {
  const url = await emptyDatabase();
  await run(url, "migrate", "--no-seed");
  const alive = new Client({ connectionString: url });
  await alive.connect();
  await alive.query("SELECT pg_advisory_lock_shared(6016, 1)");
  const refused = await run(url, "migrate", "--contract");
  expect(refused).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("cms-migrate: the database refused: a cms-v1 process is alive"),
  });
  await alive.end();
  await expect.poll(async () => (await run(url, "migrate", "--contract")).code).toBe(0);
});

test("seeding and validating an unmigrated database is refused", async () => {
  const url = await emptyDatabase();
  const pending = { code: 1, stderr: "migrations are pending; run `cms-migrate migrate` first\n" };
  expect(await run(url, "seed")).toMatchObject(pending);
  expect(await run(url, "validate")).toMatchObject(pending);
});

test("a database that cannot be reached is exit code 69, and the password stays out of the message", async () => {
  const gone = await run("postgres://me:very-secret@127.0.0.1:1/cms", "status");
  expect(gone.code).toBe(69);
  expect(gone.stderr).toContain("the database cannot be reached");
  expect(gone.stderr).not.toContain("very-secret");
  const missing = new URL(await emptyDatabase());
  missing.pathname = "/does_not_exist";
  expect((await run(missing.href, "status")).code).toBe(69);
});

test("wrong usage is exit code 64", async () => {
  for (const words of [[], ["frobnicate"], ["status", "--posts", "1"], ["reset"]]) {
    expect((await run("postgres://unused@127.0.0.1:1/x", ...words)).code).toBe(64);
  }
  expect((await run(undefined, "status")).code).toBe(64);
  expect(await run(undefined, "--help")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Usage:"),
  });
});
