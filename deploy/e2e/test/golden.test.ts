import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrateDatabase } from "../../database/src/migrate-database.ts";
import { seedDatabase } from "../../database/src/seed.ts";
import { findViolations } from "../../database/src/validate.ts";
import { startPostgres } from "../../local/src/postgres.ts";
import { pick, pickText } from "../src/ask.ts";
import { startsOwnStack } from "../src/black-box.ts";
import { startCms } from "../src/cms-process.ts";
import { compareAnswers } from "./golden/compare.ts";
import type { Difference } from "./golden/compare.ts";
import { nameOf } from "./golden/golden-request.ts";
import { oddRequests } from "./golden/odd-requests.ts";
import { reading } from "./golden/reading.ts";
import { openSide } from "./golden/side.ts";
import { writing } from "./golden/writing.ts";

const corpus = [...reading, ...oddRequests, ...writing];
const seedPosts = 300;
const explanations = path.join(import.meta.dirname, "golden/explained-differences.json");

/** All that the requests may have changed, without ids and times. */
const contents = `
  SELECT json_build_object(
    'posts', (SELECT json_agg(json_build_array(title, slug, content, excerpt, status, tags, categories, meta_title,
      meta_description, published_at IS NULL) ORDER BY slug) FROM posts),
    'users', (SELECT json_agg(json_build_array(username, email, first_name, last_name, role, is_active, email_verified,
      last_login IS NULL) ORDER BY username) FROM users),
    'tags', (SELECT json_agg(json_build_array(name, slug, post_count) ORDER BY name) FROM tags),
    'categories', (SELECT json_agg(json_build_array(name, slug, post_count) ORDER BY name) FROM categories),
    'comments', (SELECT json_agg(json_build_array(content, status) ORDER BY content) FROM comments),
    'sessions', (SELECT count(*) FROM sessions),
    'keys', (SELECT json_agg(name ORDER BY name) FROM api_keys))::text AS contents`;

interface Explanation {
  readonly aspect: string;
  readonly reason: string;
  readonly requests: readonly string[];
}

describe.skipIf(!startsOwnStack())("the golden corpus, asked of v1 and v2 on equal databases", () => {
  const cleanup = new AsyncDisposableStack();
  const differences = new Map<string, Difference>();
  const databases: Record<string, Client> = {};

  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "serin-golden-"));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const postgres = await startPostgres({ database: "golden_v1" });
    cleanup.defer(() => postgres.stop());
    await migrateDatabase(postgres.url);
    const first = await connect(postgres.url);
    await seedDatabase(first, seedPosts);
    await first.end();
    const twin = new URL(postgres.url);
    twin.pathname = "/postgres";
    const administrator = await connect(twin.href);
    await administrator.query("CREATE DATABASE golden_v2 TEMPLATE golden_v1");
    await administrator.end();
    twin.pathname = "/golden_v2";
    const jwtSecret = randomBytes(32).toString("hex");
    const open = async (name: "cms-v1" | "cms-v2", databaseUrl: string): ReturnType<typeof openSide> => {
      const service = await startCms(name, { databaseUrl, jwtSecret, folder });
      cleanup.defer(() => service.stop());
      const client = await connect(databaseUrl);
      cleanup.defer(() => client.end());
      databases[name] = client;
      return openSide(service.url, startedAt);
    };
    const startedAt = Date.now();
    const v1 = await open("cms-v1", postgres.url);
    cleanup.defer(() => v1.close());
    const v2 = await open("cms-v2", twin.href);
    cleanup.defer(() => v2.close());
    const names = new Map<string, number>();
    for (const request of corpus) {
      const name = nameOf(request);
      const count = (names.get(name) ?? 0) + 1;
      names.set(name, count);
      const [one, other] = await Promise.all([v1.answer(request), v2.answer(request)]);
      for (const difference of compareAnswers(one, other)) {
        differences.set(keyOf(difference.aspect, count === 1 ? name : `${name} (${count})`), difference);
      }
    }
  });

  afterAll(() => cleanup.disposeAsync());

  test("has at least 300 requests", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(300);
  });

  test("has no unexplained difference", async () => {
    const explained = new Set((await readExplanations()).flatMap(keysOf));
    const unexplained = [...differences].filter(([key]) => !explained.has(key));
    expect(Object.fromEntries(unexplained)).toEqual({});
  });

  test("has no explanation of a difference that is not there", async () => {
    const all = (await readExplanations()).flatMap(keysOf);
    expect(all.filter((key) => !differences.has(key))).toEqual([]);
  });

  test("leaves both databases with the same contents, and sound", async () => {
    const [v1, v2] = await Promise.all(
      ["cms-v1", "cms-v2"].map(async (name) => {
        const client = databases[name];
        if (client === undefined) throw new Error(`no database of ${name}`);
        expect(await findViolations(client)).toEqual([]);
        const result = await client.query<{ contents: string }>(contents);
        return JSON.parse(result.rows[0]?.contents ?? "null") as unknown;
      }),
    );
    expect(v2).toEqual(v1);
  });
});

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

function keyOf(aspect: string, request: string): string {
  return `${aspect} of ${request}`;
}

function keysOf({ aspect, requests }: Explanation): readonly string[] {
  return requests.map((request) => keyOf(aspect, request));
}

async function readExplanations(): Promise<readonly Explanation[]> {
  const list: unknown = JSON.parse(await readFile(explanations, "utf8"));
  if (!Array.isArray(list)) throw new Error("the explanations are a list");
  return list.map((entry) => {
    const requests = pick(entry, "requests");
    if (!Array.isArray(requests)) throw new Error("an explanation names its requests");
    return {
      aspect: pickText(entry, "aspect"),
      reason: pickText(entry, "reason"),
      requests: requests.map(String),
    };
  });
}
