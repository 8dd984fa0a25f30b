import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Account, type Answer, type RunningService, startService } from "./start-service.ts";

let service: RunningService;
let author: Account;
let editor: Account;
let reader: Account;
beforeAll(async () => {
  service = await startService();
  [author, editor, reader] = await Promise.all([
    service.signIn("author"),
    service.signIn("editor"),
    service.signIn(),
  ]);
});
afterAll(() => service.stop());

const unique = (): string => randomBytes(5).toString("hex");
const write = (fields: object = {}, token = author.token): Promise<Answer> =>
  service.ask("POST", "/api/v2/posts", {
    token,
    body: { title: `T ${unique()}`, content: "ten characters", ...fields },
  });
const act = (
  method: string,
  slug: string,
  rest = "",
  token = author.token,
  options: object = {},
): Promise<Answer> => service.ask(method, `/api/v2/posts/${slug}${rest}`, { token, ...options });
const publish = async (fields: object = {}): Promise<Answer> => {
  const slug = (await write(fields)).textAt("slug");
  return act("POST", slug, "/publish");
};

describe("writing", () => {
  it("makes a draft, bare, with its place and its tag", async () => {
    const answer = await write({ tags: ["News"], metadata: { categories: ["Cat"] } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/api/v2/posts/${answer.textAt("slug")}`);
    expect(answer.json).toMatchObject({ status: "draft", tags: ["news"], published_at: null });
    const read = await act("GET", answer.textAt("slug"));
    expect(read.json).toEqual(answer.json);
    expect(read.headers.get("etag")).toBe(answer.headers.get("etag"));
  });

  it("keeps slugs within fifty characters, also numbered ones", async () => {
    const title = `${"long ".repeat(20)}${unique()}`;
    const slugs = [await write({ title }), await write({ title }), await write({ title })].map((each) =>
      each.textAt("slug"),
    );
    expect(new Set(slugs).size).toBe(3);
    expect(Math.max(...slugs.map((slug) => slug.length))).toBeLessThanOrEqual(50);
    const taken = await write({ slug: slugs[0] });
    expect([taken.status, taken.at("errors", 0)]).toEqual([
      409,
      { field: "slug", message: "Another post has this slug", code: "duplicate" },
    ]);
  });

  it("says all that is wrong with 400, the request id and the time", async () => {
    const answer = await service.ask("POST", "/api/v2/posts", {
      token: author.token,
      body: { title: "", content: "short", slug: "A", status: "published" },
      headers: { "x-request-id": "id-of-the-proxy" },
    });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      errors: [
        { field: "title", code: "too_short", message: "must have at least 1 characters" },
        { field: "content", code: "too_short" },
        { field: "slug", code: "too_short" },
        { field: "status", code: "unknown_field" },
      ],
      request_id: "id-of-the-proxy",
      status: 400,
    });
  });

  it("is for authors and up, changing for owners and editors", async () => {
    expect((await write({}, reader.token)).status).toBe(403);
    expect((await service.ask("POST", "/api/v2/posts", { body: {} })).status).toBe(401);
    const slug = (await publish()).textAt("slug");
    const change = { body: { title: "New" } };
    expect((await act("PATCH", slug, "", reader.token, change)).status).toBe(403);
    expect((await act("PATCH", slug, "", editor.token, change)).at("title")).toBe("New");
    const hidden = (await write()).textAt("slug");
    expect((await act("PATCH", hidden, "", reader.token, change)).status).toBe(404);
    expect((await act("DELETE", hidden, "", reader.token)).status).toBe(404);
    const gone = await act("DELETE", hidden);
    expect([gone.status, gone.text]).toEqual([204, ""]);
    expect((await act("GET", hidden)).status).toBe(404);
  });
});

describe("publishing and archiving", () => {
  it("goes from draft to published to archived, and nowhere else", async () => {
    const slug = (await write()).textAt("slug");
    const published = await act("POST", slug, "/publish");
    expect([published.status, published.at("status")]).toEqual([200, "published"]);
    expect(published.textAt("published_at")).toMatch(/Z$/u);
    const again = await act("POST", slug, "/publish");
    expect([again.status, again.at("errors", 0, "code")]).toEqual([409, "wrong_state"]);
    expect((await act("POST", slug, "/archive")).at("status")).toBe("archived");
    expect((await act("POST", slug, "/archive")).status).toBe(409);
    expect((await act("POST", slug, "/publish")).status).toBe(409);
    const draft = (await write()).textAt("slug");
    expect((await act("POST", draft, "/archive")).at("status")).toBe("archived");
  });

  it("lets one of two who publish at once do it", async () => {
    const slug = (await write()).textAt("slug");
    const both = await Promise.all([
      act("POST", slug, "/publish"),
      act("POST", slug, "/publish", editor.token),
    ]);
    expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
  });
});

describe("entity tags", () => {
  it("save a client what it has already", async () => {
    const slug = (await publish()).textAt("slug");
    const read = (headers: object = {}, path = `/api/v2/posts/${slug}`): Promise<Answer> =>
      service.ask("GET", path, { headers: { ...headers } });
    const tag = (await read()).headers.get("etag") ?? "";
    expect(tag).toMatch(/^"[\w-]{27}"$/u);
    for (const value of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const answer = await read({ "if-none-match": value });
      expect([value, answer.status, answer.text, answer.headers.get("etag")]).toEqual([value, 304, "", tag]);
    }
    expect((await read({ "if-none-match": '"other"' })).status).toBe(200);
    await act("PATCH", slug, "", author.token, { body: { title: "Changed" } });
    const after = await read({ "if-none-match": tag });
    expect([after.status, after.at("title")]).toEqual([200, "Changed"]);
    const list = (await read({}, "/api/v2/posts?limit=1")).headers.get("etag") ?? "";
    expect((await read({ "if-none-match": list }, "/api/v2/posts?limit=1")).status).toBe(304);
  });

  it("keep a client from writing over what it has not seen", async () => {
    const created = await write();
    const slug = created.textAt("slug");
    const old = created.headers.get("etag") ?? "";
    const patch = (tag: string, title: string): Promise<Answer> =>
      act("PATCH", slug, "", author.token, { body: { title }, headers: { "if-match": tag } });
    const first = await patch(old, "first");
    expect(first.status).toBe(200);
    const second = await patch(old, "second");
    expect([second.status, second.at("errors", 0, "code")]).toEqual([412, "changed"]);
    expect((await act("GET", slug)).at("title")).toBe("first");
    const now = first.headers.get("etag") ?? "";
    expect((await patch(`W/${now}`, "weak")).status).toBe(412);
    for (const rest of ["/publish", "/archive"]) {
      expect((await act("POST", slug, rest, author.token, { headers: { "if-match": old } })).status).toBe(
        412,
      );
    }
    expect((await act("DELETE", slug, "", author.token, { headers: { "if-match": old } })).status).toBe(412);
    expect(
      (await act("DELETE", slug, "", author.token, { headers: { "if-match": `"x", ${now}` } })).status,
    ).toBe(204);
  });

  it("let exactly one of ten who saw the same version write", async () => {
    const created = await write();
    const headers = { "if-match": created.headers.get("etag") ?? "" };
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        act("PATCH", created.textAt("slug"), "", author.token, { body: { title: `by ${index}` }, headers }),
      ),
    );
    expect(all.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 412),
    ]);
  });
});

describe("listing", () => {
  it("pages by offset and says what lies on either side", async () => {
    const tag = `tag-${unique()}`;
    for (const title of ["a", "b", "c"]) await publish({ title: `${title} ${tag}`, tags: [tag] });
    const list = (query: string): Promise<Answer> =>
      service.ask("GET", `/api/v2/posts?tag=${tag}&sort=title&${query}`);
    const middle = await list("offset=1&limit=1");
    expect(middle.at("pagination")).toEqual({
      offset: 1,
      limit: 1,
      total: 3,
      has_next: true,
      has_prev: true,
    });
    expect(middle.textAt("data", 0, "title")).toBe(`b ${tag}`);
    expect((await list("offset=2")).at("pagination")).toMatchObject({ has_next: false, has_prev: true });
    expect((await list("offset=9")).at("pagination")).toMatchObject({ total: 3, has_next: false });
    expect((await list("limit=500")).at("pagination", "limit")).toBe(100);
    for (const query of ["limit=0", "limit=x", "offset=-1", "sort=size", "status=odd", "author=me"]) {
      const { status } = await service.ask("GET", `/api/v2/posts?${query}`);
      expect([query, status]).toEqual([query, 400]);
    }
  });

  it("filters by category, and shows drafts to their author only", async () => {
    const name = `Cat ${unique()}`;
    const slug = name.toLowerCase().replace(" ", "-");
    await publish({ metadata: { categories: [name] } });
    await write({ metadata: { categories: [name] } });
    const total = async (token?: string): Promise<unknown> =>
      (await service.ask("GET", `/api/v2/posts?category=${slug}`, token === undefined ? {} : { token })).at(
        "pagination",
        "total",
      );
    expect([
      await total(),
      await total(reader.token),
      await total(author.token),
      await total(editor.token),
    ]).toEqual([1, 1, 2, 2]);
  });
});

describe("rows that only API v1's rules allow", () => {
  it("are read, changed and published in API v2 under their own slugs", async () => {
    const slug = `Ünüsual / slug? ${unique()} ${"\u{1F600}".repeat(200)}`;
    const made = await service.ask("POST", "/api/v1/posts", {
      token: author.token,
      body: { title: "t".repeat(255), content: "c", slug },
    });
    expect(made.status).toBe(201);
    const path = encodeURIComponent(slug);
    expect((await act("GET", path)).at("content")).toBe("c");
    expect((await act("PATCH", path, "", author.token, { body: { excerpt: "e" } })).at("excerpt")).toBe("e");
    expect((await act("POST", path, "/publish")).status).toBe(200);
    expect((await service.ask("GET", `/api/v2/posts/${path}`)).at("slug")).toBe(slug);
    const listed = await service.ask("GET", "/api/v2/posts?limit=1");
    expect(listed.at("data", 0, "slug")).toBe(slug);
  });
});

describe("searching", () => {
  it("knows word forms, ranks titles above contents and pages", async () => {
    const word = `zyx${unique()}`;
    await publish({ title: `plain ${unique()}`, content: `${word} running through the content` });
    await publish({ title: `${word} runs`, content: "something else entirely" });
    await write({ title: `${word} draft` });
    const search = (query: string): Promise<Answer> => service.ask("GET", `/api/v2/search?${query}`);
    const found = await search(`q=${word}%20run`);
    expect(found.at("pagination", "total")).toBe(2);
    expect(found.textAt("data", 0, "title")).toBe(`${word} runs`);
    expect(Number(found.at("data", 0, "rank"))).toBeGreaterThan(Number(found.at("data", 1, "rank")));
    expect((await search(`q=${word}&offset=1&limit=1`)).at("pagination")).toMatchObject({
      total: 2,
      has_next: false,
      has_prev: true,
    });
    expect((await search("q=%20")).at("errors", 0, "field")).toBe("q");
    expect((await search(`q=${"q".repeat(201)}`)).status).toBe(400);
    expect((await search("q=%22(%26!%3A*'")).status).toBe(200);
  });
});
