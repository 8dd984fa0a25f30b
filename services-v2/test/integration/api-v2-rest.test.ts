import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Account,
  type Answer,
  type RunningService,
  startService,
  testPassword,
} from "./start-service.ts";

let service: RunningService;
let admin: Account;
let author: Account;
let editor: Account;
let reader: Account;
beforeAll(async () => {
  service = await startService();
  [admin, author, editor, reader] = await Promise.all([
    service.signIn("admin"),
    service.signIn("author"),
    service.signIn("editor"),
    service.signIn(),
  ]);
});
afterAll(() => service.stop());

const unique = (): string => randomBytes(5).toString("hex");

describe("accounts", () => {
  it("register by the strict rules and log in bare", async () => {
    const name = `ada_${unique()}`;
    const body = { username: name, email: `${name}@example.org`, password: "twelve chars" };
    const weak = await service.ask("POST", "/api/v2/auth/register", {
      body: { ...body, username: "a b c", password: "12345678" },
    });
    expect(weak.status).toBe(400);
    expect([0, 1].map((n) => weak.at("errors", n, "field"))).toEqual(["username", "password"]);
    const made = await service.ask("POST", "/api/v2/auth/register", { body });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/api/v2/users/${made.textAt("user", "id")}`);
    expect((await service.ask("POST", "/api/v2/auth/register", { body })).at("errors", 0)).toMatchObject({
      field: "email",
      code: "duplicate",
    });
    const login = await service.ask("POST", "/api/v2/auth/login", { body });
    expect(login.status).toBe(200);
    const wrong = await service.ask("POST", "/api/v2/auth/login", { body: { ...body, password: "x" } });
    expect([wrong.status, wrong.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    const refreshed = await service.ask("POST", "/api/v2/auth/refresh", {
      body: { refresh_token: login.textAt("refresh_token") },
    });
    expect(refreshed.at("session_id")).toBe(login.at("session_id"));
    const token = refreshed.textAt("access_token");
    expect((await service.ask("GET", "/api/v2/auth/profile", { token })).at("username")).toBe(name);
    expect((await service.ask("POST", "/api/v2/auth/logout", { token })).status).toBe(200);
    expect((await service.ask("GET", "/api/v2/auth/profile", { token })).at("errors", 0, "code")).toBe(
      "bad_token",
    );
  });
});

describe("users", () => {
  it("are managed by admins", async () => {
    const name = `new_${unique()}`;
    const body = { username: name, email: `${name}@example.org`, password: testPassword, role: "editor" };
    const add = (token: string, fields: object = {}): Promise<Answer> =>
      service.ask("POST", "/api/v2/users", { token, body: { ...body, ...fields } });
    expect((await add(editor.token)).status).toBe(403);
    expect((await add(admin.token, { role: "super_admin" })).status).toBe(403);
    const made = await add(admin.token);
    expect([made.status, made.at("role")]).toEqual([201, "editor"]);
    expect((await add(admin.token)).status).toBe(409);
    const path = made.headers.get("location") ?? "";
    expect((await service.ask("GET", path, { token: reader.token })).status).toBe(403);
    const read = await service.ask("GET", path, { token: admin.token });
    const tag = read.headers.get("etag") ?? "";
    const same = await service.ask("GET", path, { token: admin.token, headers: { "if-none-match": tag } });
    expect(same.status).toBe(304);
    const patch = (change: object, headers = {}): Promise<Answer> =>
      service.ask("PATCH", path, { token: admin.token, body: change, headers });
    expect((await patch({ first_name: "F" }, { "if-match": tag })).at("first_name")).toBe("F");
    expect((await patch({ first_name: "G" }, { "if-match": tag })).status).toBe(412);
    expect((await patch({})).status).toBe(400);
    expect((await service.ask("POST", `${path}/suspend`, { token: editor.token })).status).toBe(403);
    const suspended = await service.ask("POST", `${path}/suspend`, { token: admin.token });
    expect([suspended.status, suspended.at("is_active")]).toEqual([200, false]);
    expect((await service.ask("DELETE", path, { token: admin.token })).status).toBe(204);
    const login = await service.ask("POST", "/api/v2/auth/login", { body });
    expect(login.status).toBe(401);
    const list = await service.ask("GET", "/api/v2/users?sort=-username&limit=1", { token: admin.token });
    expect(list.at("pagination")).toMatchObject({ limit: 1, has_next: true });
  });

  it("change their own names and password, not their role", async () => {
    const user = await service.signIn();
    const patch = (body: object): Promise<Answer> =>
      service.ask("PATCH", `/api/v2/users/${user.id}`, { token: user.token, body });
    expect((await patch({ role: "admin" })).status).toBe(403);
    expect((await patch({ is_active: true })).status).toBe(403);
    expect((await patch({ email: editor.email })).status).toBe(409);
    expect((await patch({ password: "another password" })).status).toBe(200);
    const login = (password: string): Promise<Answer> =>
      service.ask("POST", "/api/v1/auth/login", { body: { email: user.email, password } });
    expect([(await login(testPassword)).status, (await login("another password")).status]).toEqual([
      401, 200,
    ]);
  });
});

describe("comments", () => {
  const newPost = async (): Promise<string> => {
    const body = { title: `P ${unique()}`, content: "ten characters" };
    const slug = (await service.ask("POST", "/api/v2/posts", { token: author.token, body })).textAt("slug");
    await service.ask("POST", `/api/v2/posts/${slug}/publish`, { token: author.token });
    return slug;
  };
  const comment = (slug: string): Promise<Answer> =>
    service.ask("POST", `/api/v2/posts/${slug}/comments`, {
      token: reader.token,
      body: { content: "first" },
    });

  it("wait for a moderator, may be edited once published, and are deleted from there", async () => {
    const slug = await newPost();
    const made = await comment(slug);
    expect([made.status, made.at("status")]).toEqual([201, "pending"]);
    const path = made.headers.get("location") ?? "";
    expect(path).toBe(`/api/v2/comments/${made.textAt("id")}`);
    const shown = async (query = "", token?: string): Promise<unknown> =>
      (
        await service.ask(
          "GET",
          `/api/v2/posts/${slug}/comments${query}`,
          token === undefined ? {} : { token },
        )
      ).at("pagination", "total");
    const edit = (body: object, token = reader.token): Promise<Answer> =>
      service.ask("PATCH", path, { token, body });
    expect(await shown()).toBe(0);
    expect(await shown("?status=pending", editor.token)).toBe(1);
    expect((await service.ask("GET", `/api/v2/posts/${slug}/comments?status=pending`)).status).toBe(403);
    expect((await edit({ content: "x" })).at("errors", 0, "code")).toBe("wrong_state");
    expect((await service.ask("DELETE", path, { token: reader.token })).status).toBe(409);
    expect((await service.ask("POST", `${path}/publish`, { token: reader.token })).status).toBe(403);
    const published = await service.ask("POST", `${path}/publish`, { token: editor.token });
    expect(published.at("status")).toBe("published");
    expect((await service.ask("POST", `${path}/publish`, { token: editor.token })).status).toBe(409);
    expect(await shown()).toBe(1);
    expect((await edit({ content: "x" }, author.token)).status).toBe(403);
    expect((await edit({ content: "" })).status).toBe(400);
    const edited = await edit({ content: "second" });
    expect([edited.at("status"), edited.at("content")]).toEqual(["edited", "second"]);
    expect((await edit({ content: "third" })).status).toBe(200);
    const old = { "if-match": edited.headers.get("etag") ?? "" };
    expect((await service.ask("DELETE", path, { token: reader.token, headers: old })).status).toBe(412);
    expect((await service.ask("DELETE", path, { token: reader.token })).status).toBe(204);
    expect((await service.ask("DELETE", path, { token: reader.token })).status).toBe(409);
    expect(await shown()).toBe(0);
  });

  it("of API v1 are there at once, and belong to a post that the caller can see", async () => {
    const slug = await newPost();
    const post = await service.ask("GET", `/api/v2/posts/${slug}`);
    await service.ask("POST", `/api/v1/posts/${post.textAt("id")}/comments`, {
      token: reader.token,
      body: { content: "v1" },
    });
    const list = await service.ask("GET", `/api/v2/posts/${slug}/comments`);
    expect(list.at("data", 0, "content")).toBe("v1");
    expect((await comment("no-such-post")).at("errors", 0, "code")).toBe("not_found");
    expect((await service.ask("PATCH", "/api/v2/comments/1", { token: reader.token, body: {} })).status).toBe(
      404,
    );
  });
});

describe("tags and categories", () => {
  it("are made by those who may, once for a name and a slug", async () => {
    const name = `Web ${unique()}`;
    const add = (path: string, body: object, token: string): Promise<Answer> =>
      service.ask("POST", `/api/v2/${path}`, { token, body });
    expect((await add("tags", { name }, reader.token)).status).toBe(403);
    const tag = await add("tags", { name, description: "d" }, author.token);
    expect([tag.status, tag.at("name"), tag.at("post_count")]).toEqual([201, name.toLowerCase(), 0]);
    expect((await add("tags", { name }, author.token)).at("errors", 0, "field")).toBe("name");
    const slug = tag.textAt("slug");
    expect((await add("tags", { name: `x${unique()}`, slug }, author.token)).at("errors", 0, "field")).toBe(
      "slug",
    );
    expect((await service.ask("GET", tag.headers.get("location") ?? "")).json).toEqual(tag.json);
    expect((await service.ask("GET", "/api/v2/tags/no-such-tag")).status).toBe(404);
    expect((await service.ask("GET", "/api/v2/tags?limit=1")).at("pagination", "limit")).toBe(1);
    expect((await add("categories", { name }, author.token)).status).toBe(403);
    const category = await add("categories", { name }, editor.token);
    expect([category.status, category.at("is_active")]).toEqual([201, true]);
    const path = category.headers.get("location") ?? "";
    const renamed = await service.ask("PATCH", path, {
      token: editor.token,
      body: { description: "about" },
      headers: { "if-match": category.headers.get("etag") ?? "" },
    });
    expect([renamed.at("description"), renamed.at("name")]).toEqual(["about", name]);
    const listed = async (): Promise<boolean> =>
      (await service.ask("GET", "/api/v2/categories?limit=100")).text.includes(name);
    expect(await listed()).toBe(true);
    const off = await service.ask("POST", `${path}/deactivate`, { token: editor.token });
    expect([off.status, off.at("is_active")]).toEqual([200, false]);
    expect(await listed()).toBe(false);
    expect((await service.ask("GET", path)).at("is_active")).toBe(false);
    expect((await service.ask("POST", `${path}/deactivate`, { token: editor.token })).status).toBe(409);
  });

  it("renamed, show the new name on posts in both APIs", async () => {
    const name = `Old ${unique()}`;
    const made = await service.ask("POST", "/api/v1/posts", {
      token: author.token,
      body: { title: "t", content: "c", status: "published", metadata: { categories: [name] } },
    });
    const slug = name.toLowerCase().replace(" ", "-");
    const renamed = await service.ask("PATCH", `/api/v2/categories/${slug}`, {
      token: editor.token,
      body: { name: `New ${name}` },
    });
    expect(renamed.status).toBe(200);
    const id = made.textAt("data", "id");
    const read = await service.ask("GET", `/api/v1/posts/${id}`);
    expect(read.at("data", "metadata", "categories")).toEqual([`New ${name}`]);
    const { rows } = await service.sql.query("SELECT categories FROM posts WHERE id = $1", [id]);
    expect(rows).toEqual([{ categories: [`New ${name}`] }]);
  });
});
