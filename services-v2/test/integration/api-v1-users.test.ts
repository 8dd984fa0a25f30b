import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Account, type Answer, type RunningService, startService } from "./start-service.ts";

let service: RunningService;
let root: Account;
let admin: Account;
let reader: Account;
beforeAll(async () => {
  service = await startService();
  [root, admin, reader] = await Promise.all([
    service.signIn("super_admin"),
    service.signIn("admin"),
    service.signIn(),
  ]);
});
afterAll(() => service.stop());

const put = (id: string, token: string, body: object): Promise<Answer> =>
  service.ask("PUT", `/api/v1/users/${id}`, { token, body });

describe("reading users", () => {
  it("is for admins, and for oneself", async () => {
    const get = async (id: string, token: string): Promise<number> =>
      (await service.ask("GET", `/api/v1/users/${id}`, { token })).status;
    const nobody = "00000000-0000-4000-8000-000000000000";
    expect(await get(reader.id, reader.token)).toBe(200);
    expect(await get(reader.id.toUpperCase(), reader.token)).toBe(200);
    expect(await get(admin.id, reader.token)).toBe(403);
    expect(await get(nobody, reader.token)).toBe(403);
    expect(await get("x", reader.token)).toBe(403);
    expect(await get(nobody, admin.token)).toBe(404);
    expect(await get("x", admin.token)).toBe(404);
    const list = await service.ask("GET", "/api/v1/users?sort=username&limit=2", { token: admin.token });
    expect(list.at("data", "total")).toBe(3);
    expect((await service.ask("GET", "/api/v1/users", { token: reader.token })).status).toBe(403);
  });
});

describe("changing users", () => {
  it("lets everybody change their own names, and only admins roles and flags", async () => {
    const user = await service.signIn();
    expect(
      (await put(user.id, user.token, { first_name: " F ", password: "x" })).at("data", "first_name"),
    ).toBe("F");
    expect((await put(user.id, user.token, { role: "admin" })).status).toBe(403);
    expect((await put(user.id, user.token, { is_active: true })).status).toBe(403);
    expect((await put(user.id, user.token, { role: null, is_active: null })).status).toBe(200);
    expect((await put(admin.id, user.token, {})).status).toBe(403);
    const changed = await put(user.id, admin.token, { role: "editor", email_verified: true });
    expect(changed.at("data")).toMatchObject({ role: "editor", email_verified: true });
    expect((await put(user.id, admin.token, { role: "root" })).at("validation_errors")).toEqual([
      {
        field: "role",
        message: "must be one of super_admin, admin, editor, author, contributor, subscriber",
      },
    ]);
  });

  it("keeps super admins out of the reach of admins", async () => {
    expect((await put(root.id, admin.token, { first_name: "x" })).status).toBe(403);
    expect((await put(admin.id, admin.token, { role: "super_admin" })).status).toBe(403);
    expect((await service.ask("DELETE", `/api/v1/users/${root.id}`, { token: admin.token })).status).toBe(
      403,
    );
    expect((await put(root.id, root.token, { first_name: "R" })).status).toBe(200);
    expect((await put("x", admin.token, {})).at("error")).toBe("User not found");
  });

  it("names the field that another user has", async () => {
    const user = await service.signIn();
    const username = (await service.ask("GET", `/api/v1/users/${reader.id}`, { token: admin.token })).textAt(
      "data",
      "username",
    );
    expect((await put(user.id, user.token, { email: reader.email })).at("error")).toBe(
      "A user with this email already exists",
    );
    expect((await put(user.id, user.token, { username })).at("error")).toBe(
      "A user with this username already exists",
    );
    expect((await put(user.id, user.token, { username, email: user.email })).at("error")).toBe(
      "A user with this username already exists",
    );
    expect((await put(user.id, user.token, { username, email: reader.email })).at("error")).toBe(
      "A user with this email already exists",
    );
    expect((await put(user.id, user.token, { email: user.email })).status).toBe(200);
  });

  it("ends all sessions of a deactivated user, however it is done, and may be done twice", async () => {
    const [one, two] = await Promise.all([service.signIn(), service.signIn()]);
    const remove = (): Promise<Answer> =>
      service.ask("DELETE", `/api/v1/users/${one.id}`, { token: admin.token });
    expect((await remove()).at("data")).toEqual({ message: "User deactivated successfully" });
    expect((await remove()).status).toBe(200);
    expect((await put(two.id, admin.token, { is_active: false })).at("data", "is_active")).toBe(false);
    for (const user of [one, two]) {
      expect((await service.ask("GET", "/api/v1/auth/profile", { token: user.token })).status).toBe(401);
      const refresh = await service.ask("POST", "/api/v1/auth/refresh", {
        body: { refresh_token: user.refresh },
      });
      expect(refresh.status).toBe(401);
    }
    expect((await service.sql.query("SELECT 1 FROM sessions WHERE user_id = $1", [one.id])).rowCount).toBe(0);
  });
});

describe("posts of admins", () => {
  it("may be written for an author who exists", async () => {
    const write = (body: object): Promise<Answer> =>
      service.ask("POST", "/api/v1/admin/posts", { token: admin.token, body });
    const made = await write({ title: "t", content: "c", author_id: reader.id.toUpperCase() });
    expect(made.at("data", "author_id")).toBe(reader.id);
    expect((await write({ title: "t", content: "c" })).at("data", "author_id")).toBe(admin.id);
    const wrong = await write({ title: 1, content: "c", author_id: "00000000-0000-4000-8000-000000000000" });
    expect(wrong.at("validation_errors")).toEqual([
      { field: "title", message: "must be a string" },
      { field: "author_id", message: "must be the id of an existing user" },
    ]);
    expect((await write({ title: "t", content: "c", author_id: 5 })).status).toBe(422);
    const list = await service.ask("GET", "/api/v1/admin/posts?status=draft", { token: admin.token });
    expect(list.at("data", "total")).toBe(2);
    expect((await service.ask("GET", "/api/v1/admin/posts", { token: reader.token })).status).toBe(403);
    const id = made.textAt("data", "id");
    expect((await service.ask("DELETE", `/api/v1/admin/posts/${id}`, { token: admin.token })).status).toBe(
      200,
    );
  });
});
