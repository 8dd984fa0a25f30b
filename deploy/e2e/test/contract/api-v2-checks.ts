import { expect } from "vitest";
import { pick } from "../../src/ask.ts";
import type { Answer } from "./client.ts";
import { password, unique, writePost } from "./scene.ts";
import type { Check, Scene } from "./scene.ts";

const v2 = (
  scene: Scene,
  method: string,
  path: string,
  ask: Parameters<Scene["send"]>[2] = {},
): Promise<Answer> => scene.send(method, `/api/v2${path}`, ask);

/** A draft of the seeded author, made in API v2. */
async function draft(scene: Scene, fields: object = {}): Promise<Answer> {
  const json = { title: `Post ${unique()}`, content: "Ten characters.", ...fields };
  const answer = await v2(scene, "POST", "/posts", { token: scene.accounts.author.token, json });
  expect(answer.status, answer.text).toBe(201);
  return answer;
}

async function published(scene: Scene, fields: object = {}): Promise<Answer> {
  const slug = (await draft(scene, fields)).textAt("slug");
  return v2(scene, "POST", `/posts/${slug}/publish`, { token: scene.accounts.author.token });
}

const codes = (answer: Answer): readonly string[] => {
  const errors = answer.at("errors");
  return Array.isArray(errors)
    ? errors.map((error) => `${String(pick(error, "field"))} ${String(pick(error, "code"))}`)
    : [];
};

const strict: readonly (readonly [what: string, fields: object, field: string])[] = [
  ["a title of 201 characters", { title: "x".repeat(201) }, "title"],
  ["an absent title", { title: undefined }, "title"],
  ["content of 9 characters", { content: "x".repeat(9) }, "content"],
  ["content of 100,001 characters", { content: "x".repeat(100_001) }, "content"],
  ["a slug of 2 characters", { slug: "ab" }, "slug"],
  ["a slug of 51 characters", { slug: "a".repeat(51) }, "slug"],
  ["a slug with capitals", { slug: "Abc" }, "slug"],
  ["a slug with a hyphen at the end", { slug: "abc-" }, "slug"],
  ["an excerpt of 501 characters", { excerpt: "x".repeat(501) }, "excerpt"],
  ["a tag of 2 characters", { tags: ["ab"] }, "tags"],
  ["21 tags", { tags: Array.from({ length: 21 }, (_, n) => `tag ${n}`) }, "tags"],
];

const strictUsers: readonly (readonly [what: string, fields: object, field: string])[] = [
  ["a username of 31 characters", { username: "x".repeat(31) }, "username"],
  ["a username with a hyphen", { username: "a-b-c" }, "username"],
  ["a password of 11 characters", { password: "eleven char" }, "password"],
  ["an email of 255 characters", { email: `${"x".repeat(243)}@example.com` }, "email"],
];

const refused: readonly Check[] = [
  ...strict.map(([what, fields, field]): Check => ({
    name: `API v2 refuses a post with ${what}, naming the field`,
    run: async (scene) => {
      const json = { title: "A title", content: "Ten characters.", ...fields };
      const answer = await v2(scene, "POST", "/posts", { token: scene.accounts.author.token, json });
      expect(answer.status).toBe(400);
      expect(codes(answer).every((code) => code.startsWith(field))).toBe(true);
      expect(answer.at("status")).toBe(400);
    },
  })),
  ...strictUsers.map(([what, fields, field]): Check => ({
    name: `API v2 refuses ${what}, naming the field`,
    run: async (scene) => {
      const name = unique();
      const json = { username: name, email: `${name}@example.com`, password, ...fields };
      const answer = await v2(scene, "POST", "/auth/register", { json });
      expect(answer.status).toBe(400);
      expect(codes(answer).every((code) => code.startsWith(field))).toBe(true);
    },
  })),
];

const errors: readonly Check[] = [
  ["GET", "/posts/no-such-post", 404],
  ["GET", "/tags/no-such-tag", 404],
  ["GET", "/categories/no-such-category", 404],
  ["GET", "/auth/profile", 401],
  ["GET", "/users", 401],
  ["POST", "/posts", 401],
  ["GET", "/nothing", 404],
  ["GET", "/posts?limit=x", 400],
  ["GET", "/posts?offset=-1", 400],
  ["GET", "/posts?status=gone", 400],
  ["GET", "/search", 400],
].map(([method, path, status]) => ({
  name: `API v2 answers ${String(method)} ${String(path)} with ${String(status)} in its own words`,
  run: async (scene) => {
    const answer = await v2(scene, String(method), String(path));
    expect(answer.status).toBe(status);
    expect(Object.keys(Object(answer.body))).toEqual(["errors", "request_id", "timestamp", "status"]);
  },
}));

const posts: readonly Check[] = [
  {
    name: "API v2 creates with 201, a place and an entity tag, and reads the same",
    run: async (scene) => {
      const made = await draft(scene, { tags: ["One Tag"], metadata: { categories: ["News"] } });
      const { token } = scene.accounts.author;
      expect(made.headers.get("location")).toBe(`/api/v2/posts/${made.textAt("slug")}`);
      const read = await v2(scene, "GET", `/posts/${made.textAt("slug")}`, { token });
      expect(read.body).toEqual(made.body);
      expect(read.headers.get("etag")).toBe(made.headers.get("etag"));
    },
  },
  {
    name: "API v2 answers 304 to whoever has the current entity tag",
    run: async (scene) => {
      const slug = (await published(scene)).textAt("slug");
      const etag = (await v2(scene, "GET", `/posts/${slug}`)).headers.get("etag") ?? "";
      const same = await v2(scene, "GET", `/posts/${slug}`, { headers: { "if-none-match": etag } });
      expect([same.status, same.text]).toEqual([304, ""]);
      const other = await v2(scene, "GET", `/posts/${slug}`, { headers: { "if-none-match": '"x"' } });
      expect(other.status).toBe(200);
    },
  },
  {
    name: "API v2 keeps whoever has an old entity tag from writing",
    run: async (scene) => {
      const made = await draft(scene);
      const { token } = scene.accounts.author;
      const headers = { "if-match": made.headers.get("etag") ?? "" };
      const patch = (title: string): Promise<Answer> =>
        v2(scene, "PATCH", `/posts/${made.textAt("slug")}`, { token, json: { title }, headers });
      expect([(await patch("first")).status, (await patch("second")).status]).toEqual([200, 412]);
    },
  },
  {
    name: "API v2 publishes drafts only, and archives drafts and published posts only",
    run: async (scene) => {
      const { token } = scene.accounts.author;
      const slug = (await draft(scene)).textAt("slug");
      const act = async (what: string): Promise<number> =>
        (await v2(scene, "POST", `/posts/${slug}/${what}`, { token })).status;
      expect([await act("publish"), await act("publish"), await act("archive")]).toEqual([200, 409, 200]);
      expect([await act("archive"), await act("publish")]).toEqual([409, 409]);
    },
  },
  {
    name: "API v2 deletes with 204 and nothing else, and then the post is gone",
    run: async (scene) => {
      const { token } = scene.accounts.author;
      const slug = (await draft(scene)).textAt("slug");
      const gone = await v2(scene, "DELETE", `/posts/${slug}`, { token });
      expect([gone.status, gone.text]).toEqual([204, ""]);
      expect((await v2(scene, "GET", `/posts/${slug}`, { token })).status).toBe(404);
    },
  },
  {
    name: "API v2 refuses a taken slug with 409",
    run: async (scene) => {
      const { token } = scene.accounts.author;
      const json = { title: "t", content: "Ten characters.", slug: (await draft(scene)).textAt("slug") };
      const answer = await v2(scene, "POST", "/posts", { token, json });
      expect([answer.status, codes(answer)]).toEqual([409, ["slug duplicate"]]);
    },
  },
  {
    name: "API v2 lists by offset and says what lies on either side",
    run: async (scene) => {
      const tag = unique();
      for (const title of ["a", "b", "c"]) await published(scene, { title, tags: [tag] });
      const answer = await v2(scene, "GET", `/posts?tag=${tag}&sort=title&offset=1&limit=1`);
      expect(answer.at("pagination")).toEqual({
        offset: 1,
        limit: 1,
        total: 3,
        has_next: true,
        has_prev: true,
      });
      expect(pick(answer.at("data"), "0", "title")).toBe("b");
    },
  },
  {
    name: "API v2 reads what only API v1's loose rules allow",
    run: async (scene) => {
      const slug = `Any Thing ${unique()}`;
      await writePost(scene, { slug, title: "x".repeat(255), content: "c", status: "published" });
      const answer = await v2(scene, "GET", `/posts/${encodeURIComponent(slug)}`);
      expect([answer.status, answer.at("slug"), answer.at("content")]).toEqual([200, slug, "c"]);
    },
  },
  {
    name: "what one API writes the other reads, tags and categories in their order",
    run: async (scene) => {
      const tags = ["zebra tag", "apple tag"];
      const metadata = { meta_title: "mt", meta_description: null, categories: ["Zoo", "Art"] };
      const made = await published(scene, { tags, metadata });
      const inV1 = await scene.send("GET", `/api/v1/posts/${made.textAt("id")}`);
      expect(inV1.data).toEqual(made.body);
      const changed = { tags: tags.toReversed() };
      const { token } = scene.accounts.author;
      await scene.send("PUT", `/api/v1/posts/${made.textAt("id")}`, { token, json: changed });
      const inV2 = await v2(scene, "GET", `/posts/${made.textAt("slug")}`);
      expect(inV2.at("tags")).toEqual(changed.tags);
    },
  },
  {
    name: "API v2 finds by word form and ranks titles above contents",
    run: async (scene) => {
      const word = unique();
      const inText = await published(scene, { content: `Many ${word} releases happened.` });
      const inTitle = await published(scene, { title: `${word} released` });
      const answer = await v2(scene, "GET", `/search?q=${word}%20release`);
      const found = answer.at("data");
      expect(Array.isArray(found) ? found.map((each) => pick(each, "id")) : []).toEqual([
        inTitle.textAt("id"),
        inText.textAt("id"),
      ]);
    },
  },
];

const people: readonly Check[] = [
  {
    name: "API v2 registers, logs in, refreshes and logs out, bare",
    run: async (scene) => {
      const name = unique();
      const json = { username: name, email: `${name}@example.com`, password };
      const made = await v2(scene, "POST", "/auth/register", { json });
      expect([made.status, made.at("user", "role")]).toEqual([201, "subscriber"]);
      const login = await v2(scene, "POST", "/auth/login", { json: { email: json.email, password } });
      expect(login.status).toBe(200);
      const refreshed = await v2(scene, "POST", "/auth/refresh", {
        json: { refresh_token: login.textAt("refresh_token") },
      });
      const token = refreshed.textAt("access_token");
      expect((await v2(scene, "GET", "/auth/profile", { token })).at("username")).toBe(name);
      expect((await v2(scene, "POST", "/auth/logout", { token })).status).toBe(200);
      expect((await v2(scene, "GET", "/auth/profile", { token })).status).toBe(401);
      expect((await scene.send("GET", "/api/v1/auth/profile", { token })).status).toBe(401);
    },
  },
  {
    name: "tokens of API v1 hold in API v2",
    run: async (scene) => {
      const { token, id } = scene.accounts.contributor;
      expect((await v2(scene, "GET", "/auth/profile", { token })).at("id")).toBe(id);
    },
  },
  {
    name: "API v2 lets admins make, change, suspend and delete users, and nobody else",
    run: async (scene) => {
      const { admin, editor } = scene.accounts;
      const name = unique();
      const json = { username: name, email: `${name}@example.com`, password, role: "author" };
      expect((await v2(scene, "POST", "/users", { token: editor.token, json })).status).toBe(403);
      const made = await v2(scene, "POST", "/users", { token: admin.token, json });
      expect([made.status, made.at("role")]).toEqual([201, "author"]);
      const path = `/users/${made.textAt("id")}`;
      const patched = await v2(scene, "PATCH", path, { token: admin.token, json: { first_name: "A" } });
      expect(patched.at("first_name")).toBe("A");
      const suspended = await v2(scene, "POST", `${path}/suspend`, { token: admin.token });
      expect(suspended.at("is_active")).toBe(false);
      expect((await v2(scene, "DELETE", path, { token: admin.token })).status).toBe(204);
    },
  },
  {
    name: "API v2's comments wait for an editor, may then be edited, and go from there",
    run: async (scene) => {
      const slug = (await published(scene)).textAt("slug");
      const { subscriber, editor } = scene.accounts;
      const json = { content: "first" };
      const made = await v2(scene, "POST", `/posts/${slug}/comments`, { token: subscriber.token, json });
      expect([made.status, made.at("status")]).toEqual([201, "pending"]);
      const path = `/comments/${made.textAt("id")}`;
      const early = await v2(scene, "PATCH", path, { token: subscriber.token, json });
      expect(early.status).toBe(409);
      expect((await v2(scene, "POST", `${path}/publish`, { token: subscriber.token })).status).toBe(403);
      expect((await v2(scene, "POST", `${path}/publish`, { token: editor.token })).at("status")).toBe(
        "published",
      );
      const second = { content: "second" };
      const edited = await v2(scene, "PATCH", path, { token: subscriber.token, json: second });
      expect([edited.at("status"), edited.at("content")]).toEqual(["edited", "second"]);
      expect((await v2(scene, "DELETE", path, { token: subscriber.token })).status).toBe(204);
      const list = await v2(scene, "GET", `/posts/${slug}/comments`);
      expect(list.at("pagination", "total")).toBe(0);
    },
  },
  {
    name: "API v2's tags and categories are made by those who may and have a slug",
    run: async (scene) => {
      const { author, editor, subscriber } = scene.accounts;
      const json = { name: `Term ${unique()}`, description: "d" };
      expect((await v2(scene, "POST", "/tags", { token: subscriber.token, json })).status).toBe(403);
      const tag = await v2(scene, "POST", "/tags", { token: author.token, json });
      expect([tag.status, tag.at("post_count")]).toEqual([201, 0]);
      expect((await v2(scene, "GET", `/tags/${tag.textAt("slug")}`)).body).toEqual(tag.body);
      expect((await v2(scene, "POST", "/categories", { token: author.token, json })).status).toBe(403);
      const category = await v2(scene, "POST", "/categories", { token: editor.token, json });
      const path = `/categories/${category.textAt("slug")}`;
      const off = await v2(scene, "POST", `${path}/deactivate`, { token: editor.token });
      expect(off.at("is_active")).toBe(false);
      expect((await v2(scene, "POST", `${path}/deactivate`, { token: editor.token })).status).toBe(409);
    },
  },
];

/** API v2, which lives on v2 alone. */
export const apiV2Checks: readonly Check[] = [...refused, ...errors, ...posts, ...people];
