import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrateDatabase } from "../../../deploy/database/src/migrate-database.ts";
import { findViolations } from "../../../deploy/database/src/validate.ts";
import { createTestDatabase, type TestDatabase } from "../../../deploy/local/test/database.ts";
import { ApiClient } from "../api-client.ts";
import { type RunningService, startService } from "../start-service.ts";
import { type Actor, createActor } from "../users.ts";

let database: TestDatabase;
let service: RunningService;
let api: ApiClient;
let sql: Client;
let author: Actor;
let admin: Actor;

beforeAll(async () => {
  database = await createTestDatabase(migrateDatabase);
  service = await startService(database.url);
  api = new ApiClient(service.url);
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  author = await createActor(api, database.url, "writer", "author");
  admin = await createActor(api, database.url, "chief", "admin");
});

afterAll(async () => {
  await sql.end();
  await service.stop();
  await database.drop();
});

const write = (body: object, token = author.token) => api.post("/posts", { token, body });

test("a post has the fields of the contract in their order, with nothing missing", async () => {
  const answer = await write({
    title: "  Ünïcode & more!  ",
    content: " kept as it is ",
    tags: [" Big Tag ", "other", "big tag"],
    metadata: { meta_title: " MT ", categories: [" News ", "News", "Food & Drink"] },
    unknown: "ignored",
  });
  expect(answer.status).toBe(201);
  expect(Object.entries(answer.data)).toEqual([
    ["id", expect.any(String)],
    ["title", "Ünïcode & more!"],
    ["slug", "unicode-more"],
    ["content", " kept as it is "],
    ["excerpt", null],
    ["status", "draft"],
    ["author_id", author.id],
    ["tags", ["big tag", "other"]],
    ["metadata", { meta_title: "MT", meta_description: null, categories: ["News", "Food & Drink"] }],
    ["created_at", expect.any(String)],
    ["updated_at", answer.data.created_at],
    ["published_at", null],
  ]);
});

describe("a slug", () => {
  test("that nobody chose is numbered from 2 when taken", async () => {
    const slugs: string[] = [];
    for (let n = 0; n < 3; n += 1) slugs.push((await write({ title: "Same title", content: "c" })).data.slug);
    expect(slugs).toEqual(["same-title", "same-title-2", "same-title-3"]);
  });

  test("that nobody chose is unique also when many posts are written at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => write({ title: "At once", content: "c" })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201, 201, 201, 201]);
    expect(new Set(answers.map((answer) => answer.data.slug)).size).toBe(6);
  });

  test("that somebody chose is kept as it is, and refused when taken", async () => {
    const first = await write({ title: "t", content: "c", slug: " Any Thing/at all? " });
    expect(first.data.slug).toBe("Any Thing/at all?");
    const second = await write({ title: "t", content: "c", slug: "Any Thing/at all?" });
    expect([second.status, second.error]).toEqual([409, "A post with this slug already exists"]);
    const third = await write({ title: "t", content: "c" });
    const changed = await api.put(`/posts/${third.data.id}`, {
      token: author.token,
      body: { slug: "Any Thing/at all?" },
    });
    expect(changed.status).toBe(409);
  });

  test("of a title without letters is `post`", async () => {
    expect((await write({ title: "日本語", content: "c" })).data.slug).toMatch(/^post(?:-\d+)?$/u);
  });
});

test("changing a post changes what is sent and nothing else", async () => {
  const { data } = await write({
    title: "Before",
    content: "c",
    excerpt: "e",
    tags: ["one"],
    metadata: { meta_title: "m", categories: ["News"] },
  });
  const change = async (body: object) =>
    (await api.put(`/posts/${data.id}`, { token: author.token, body })).data;
  const touched = await change({});
  expect(touched).toEqual({ ...data, updated_at: touched.updated_at });
  expect(Date.parse(touched.updated_at)).toBeGreaterThan(Date.parse(data.updated_at));
  const cleared = await change({ title: null, excerpt: null, tags: null, metadata: { meta_title: "" } });
  expect(cleared).toMatchObject({
    title: "Before",
    slug: "before",
    excerpt: null,
    tags: ["one"],
    metadata: { meta_title: null, categories: ["News"] },
  });
  const replaced = await change({ tags: [], metadata: { categories: [] } });
  expect(replaced).toMatchObject({ tags: [], metadata: { categories: [] } });
});

test("the time of publication is set once and stays", async () => {
  const { data } = await write({ title: "Timed", content: "c" });
  const change = async (status: string) =>
    (await api.put(`/posts/${data.id}`, { token: author.token, body: { status } })).data;
  const published = await change("published");
  expect(published.published_at).not.toBeNull();
  expect((await change("archived")).published_at).toBe(published.published_at);
  expect((await change("published")).published_at).toBe(published.published_at);
});

test("every wrong field of a post is named with its message", async () => {
  const wrong = await write({
    title: " ",
    content: "",
    slug: "s".repeat(256),
    excerpt: 5,
    status: "gone",
    tags: ["ok tag", "x"],
    metadata: { meta_title: "t".repeat(61), meta_description: "d".repeat(161), categories: [""] },
  });
  expect(wrong.problems).toEqual([
    "title must be between 1 and 255 characters",
    "content must be at least 1 character",
    "slug must be at most 255 characters",
    "excerpt must be a string",
    "status must be one of draft, published, archived",
    "tags must be between 3 and 49 characters each",
    "metadata.meta_title must be at most 60 characters",
    "metadata.meta_description must be at most 160 characters",
    "metadata.categories must be between 1 and 100 characters each",
  ]);
  const many = Array.from({ length: 21 }, (_, n) => `tag ${n}`);
  const more = await write({ title: "\0", tags: many, metadata: [] });
  expect(more.problems).toEqual([
    "title must not contain the NUL character",
    "content is required",
    "tags must have at most 20 items",
    "metadata must be an object",
  ]);
});

describe("a list of posts", () => {
  beforeAll(async () => {
    await sql.query("TRUNCATE posts CASCADE");
    await sql.query(
      `INSERT INTO posts (title, slug, content, status, author_id, tags, categories, created_at, published_at)
       SELECT 'Title ' || n, 'list-' || n, 'Body ' || n, (ARRAY['published', 'draft', 'archived'])[1 + n % 3], $1,
         CASE WHEN n % 2 = 0 THEN '{even,all of them}'::text[] ELSE '{all of them}' END, '{News}',
         '2025-01-01T00:00:00Z'::timestamptz + n * interval '1 hour',
         CASE WHEN n % 3 = 0 THEN '2025-02-01T00:00:00Z'::timestamptz + n * interval '1 hour' END
       FROM generate_series(1, 30) AS n`,
      [author.id],
    );
  });

  const titles = async (query: string, token?: string): Promise<readonly string[]> =>
    (await api.get(`/posts?${query}`, token ? { token } : {})).data.items.map(
      (post: { title: string }) => post.title,
    );

  test("is newest first and pages without gaps", async () => {
    const first = await api.get("/posts?limit=4");
    expect(first.data).toMatchObject({ total: 10, page: 1, limit: 4, total_pages: 3 });
    const all = [
      ...(await titles("limit=4")),
      ...(await titles("limit=4&page=2")),
      ...(await titles("limit=4&page=3")),
    ];
    expect(all).toEqual([30, 27, 24, 21, 18, 15, 12, 9, 6, 3].map((n) => `Title ${n}`));
    expect((await api.get("/posts?limit=4&page=4")).data).toMatchObject({ items: [], page: 4, total: 10 });
  });

  test.each([
    ["page=0&limit=0", 1, 20],
    ["page=abc&limit=1e1", 1, 20],
    ["page=-2&limit=+5", 1, 20],
    ["page=2&page=3&limit=101", 2, 100],
    ["page=999999999&limit=100", 999_999_999, 100],
    ["page=1000000000&limit=", 1, 20],
    ["page=%00%32&limit=%005", 2, 5],
  ])("reads ?%s as page %d of %d", async (query, page, limit) => {
    expect((await api.get(`/posts?${query}`)).data).toMatchObject({ page, limit });
  });

  test("sorts by what is known and ignores the rest", async () => {
    expect((await titles("sort=created_at"))[0]).toBe("Title 3");
    expect((await titles("sort=title")).slice(0, 3)).toEqual(["Title 12", "Title 15", "Title 18"]);
    expect((await titles("sort=-title"))[0]).toBe("Title 9");
    expect((await titles("sort=id;DROP TABLE posts"))[0]).toBe("Title 30");
    const byPublication = await titles("sort=-published_at&limit=100", admin.token);
    expect(byPublication.slice(0, 2)).toEqual(["Title 30", "Title 27"]);
  });

  test("is narrowed by status, author and tag", async () => {
    expect(await titles("tag=%20EVEN%20")).toEqual([
      "Title 30",
      "Title 24",
      "Title 18",
      "Title 12",
      "Title 6",
    ]);
    expect(await titles("status=draft")).toEqual([]);
    expect(await titles("status=draft&limit=2", author.token)).toEqual(["Title 28", "Title 25"]);
    expect((await api.get("/posts?status=nonsense")).data.total).toBe(10);
    expect((await api.get(`/posts?author=${author.id}`)).data.total).toBe(10);
    expect((await api.get(`/posts?author=${admin.id}`)).data.total).toBe(0);
    expect((await api.get("/posts?author=x")).data.total).toBe(0);
    expect((await api.get("/posts", { token: admin.token })).data.total).toBe(30);
  });

  test("leaves tags and categories counting published posts only", async () => {
    expect((await api.get("/tags")).data).toEqual({
      items: [
        { name: "all of them", description: null, post_count: 10 },
        { name: "even", description: null, post_count: 5 },
      ],
      total: 2,
      page: 1,
      limit: 20,
      total_pages: 1,
    });
    await sql.query("UPDATE categories SET description = 'What is new' WHERE name = 'News'");
    expect((await api.get("/categories")).data.items).toEqual([
      { name: "News", description: "What is new", post_count: 10 },
    ]);
  });
});

describe("the search", () => {
  beforeAll(async () => {
    await sql.query("TRUNCATE posts CASCADE");
    await sql.query(
      `INSERT INTO posts (title, slug, content, status, author_id, published_at) VALUES
        ('Plain', 's1', 'about Ärger and 100% sure', 'published', $1, '2025-01-01'),
        ('An ÄRGER of its own', 's2', 'nothing', 'published', $1, '2024-01-01'),
        ('Hidden ärger', 's3', 'ärger', 'draft', $1, NULL),
        ('Under_score', 's4', 'a\\b', 'published', $1, '2025-03-01'),
        ('Under-score', 's5', '1000 times', 'published', $1, '2025-04-01')`,
      [author.id],
    );
  });

  const found = async (q: string, more = ""): Promise<unknown> => {
    const answer = await api.get(`/search?q=${encodeURIComponent(q)}${more}`, { token: admin.token });
    return answer.data.items.map((post: { title: string }) => post.title);
  };

  test("finds without case, titles first, published posts only", async () => {
    expect(await found("ärger")).toEqual(["An ÄRGER of its own", "Plain"]);
    expect(await found("ärger", "&offset=1&limit=1")).toEqual(["Plain"]);
  });

  test("takes wildcards for what they are", async () => {
    expect(await found("100%")).toEqual(["Plain"]);
    expect(await found("r_s")).toEqual(["Under_score"]);
    expect(await found("a\\b")).toEqual(["Under_score"]);
    expect(await found("' OR 1=1 --")).toEqual([]);
  });

  test("suggests titles that begin with the text", async () => {
    const answer = await api.get("/search/suggest?q=under&limit=1");
    expect(answer.data).toEqual({ items: ["Under-score"], total: 2, limit: 1, offset: 0 });
  });

  test("needs a text of at most 200 characters", async () => {
    expect((await api.get("/search?q=%20")).problems).toEqual(["q is required"]);
    expect((await api.get(`/search/suggest?q=${"x".repeat(201)}`)).problems).toEqual([
      "q must be at most 200 characters",
    ]);
  });
});

test("comments come oldest first and hide what is pending or deleted", async () => {
  const { data: post } = await write({ title: "Discussed", content: "c", status: "published" });
  const comment = (content: unknown) =>
    api.post(`/posts/${post.id}/comments`, { token: admin.token, body: { content } });
  const first = await comment(" First ");
  expect(Object.entries(first.data)).toEqual([
    ["id", expect.any(String)],
    ["post_id", post.id],
    ["author_id", admin.id],
    ["content", "First"],
    ["status", "published"],
    ["created_at", expect.any(String)],
    ["updated_at", first.data.created_at],
  ]);
  await comment("Second");
  await sql.query(
    "INSERT INTO comments (post_id, author_id, content, status) VALUES ($1, $2, 'p', 'pending'), ($1, $2, 'd', 'deleted')",
    [post.id, admin.id],
  );
  const list = await api.get(`/posts/${post.id}/comments`);
  expect(list.data.total).toBe(2);
  expect(list.data.items.map((item: { content: string }) => item.content)).toEqual(["First", "Second"]);
  expect((await comment("x".repeat(5001))).problems).toEqual([
    "content must be between 1 and 5000 characters",
  ]);
  expect((await comment("🙂".repeat(5000))).status).toBe(201);
});

test("an admin writes for another author, who must exist", async () => {
  const body = { title: "For you", content: "c", author_id: author.id };
  const made = await api.post("/admin/posts", { token: admin.token, body });
  expect(made.data.author_id).toBe(author.id);
  const unknown = { ...body, title: "", author_id: "00000000-0000-4000-8000-000000000000" };
  expect((await api.post("/admin/posts", { token: admin.token, body: unknown })).problems).toEqual([
    "title must be between 1 and 255 characters",
    "author_id must be the id of an existing user",
  ]);
  const removed = await api.delete(`/admin/posts/${made.data.id}`, { token: admin.token });
  expect(removed.data).toEqual({ message: "Post deleted successfully" });
});

test("many that write the same tags at once all succeed, and both forms of the terms agree", async () => {
  const tags = ["alpha", "beta", "gamma", "delta"];
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, n) =>
      write({
        title: "Tagged",
        content: "c",
        status: "published",
        tags: n % 2 === 0 ? tags : tags.toReversed(),
      }),
    ),
  );
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 16 }, () => 201));
  const changes = await Promise.all(
    answers.map((answer, n) =>
      n % 2 === 0
        ? api.delete(`/posts/${answer.data.id}`, { token: author.token })
        : api.put(`/posts/${answer.data.id}`, { token: author.token, body: { tags: ["beta", "epsilon"] } }),
    ),
  );
  expect(changes.map((answer) => answer.status)).toEqual(Array.from({ length: 16 }, () => 200));
  expect(await findViolations(sql)).toEqual([]);
  const counted = await sql.query("SELECT name, post_count FROM tags WHERE post_count > 0 ORDER BY name");
  expect(counted.rows).toEqual([
    { name: "beta", post_count: 8 },
    { name: "epsilon", post_count: 8 },
  ]);
});
