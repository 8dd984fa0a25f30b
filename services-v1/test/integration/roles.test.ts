import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrateDatabase } from "../../../deploy/database/src/migrate-database.ts";
import { createTestDatabase, type TestDatabase } from "../../../deploy/local/test/database.ts";
import { type Role, roles } from "../../src/roles.ts";
import { ApiClient } from "../api-client.ts";
import { type RunningService, startService } from "../start-service.ts";
import { type Actor, createActor } from "../users.ts";

type Who = Role | "nobody";

interface Targets {
  readonly draft: string;
  readonly published: string;
  readonly user: string;
  readonly superAdmin: string;
}

interface Action {
  readonly name: string;
  readonly send: (who: Actor | undefined, targets: Targets) => Promise<{ readonly status: number }>;
  /** The status for each role, strongest first, then for nobody. */
  readonly expected: readonly number[];
}

let database: TestDatabase;
let service: RunningService;
let api: ApiClient;
let sql: Client;
const actors = new Map<Who, Actor>();
let owner: Actor;
let counter = 0;

beforeAll(async () => {
  database = await createTestDatabase(migrateDatabase);
  service = await startService(database.url);
  api = new ApiClient(service.url);
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  for (const role of roles) actors.set(role, await createActor(api, database.url, `the_${role}`, role));
  owner = await createActor(api, database.url, "somebody_else", "author");
});

afterAll(async () => {
  await sql.end();
  await service.stop();
  await database.drop();
});

async function insertPost(status: string, author: string): Promise<string> {
  counter += 1;
  const made = await sql.query<{ id: string }>(
    "INSERT INTO posts (title, slug, content, status, author_id) VALUES ('t', $1, 'c', $2, $3) RETURNING id",
    [`target-${counter}`, status, author],
  );
  return made.rows[0]?.id ?? "";
}

async function insertTargets(): Promise<Targets> {
  counter += 1;
  const user = async (role: Role): Promise<string> => {
    const made = await sql.query<{ id: string }>(
      "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $1 || '@x.io', 'x', $2) RETURNING id",
      [`${role}_${counter}`, role],
    );
    return made.rows[0]?.id ?? "";
  };
  return {
    draft: await insertPost("draft", owner.id),
    published: await insertPost("published", owner.id),
    user: await user("subscriber"),
    superAdmin: await user("super_admin"),
  };
}

const as = (who: Actor | undefined): { token?: string } => (who ? { token: who.token } : {});
const newPost = { title: "A post", content: "Words" };

// Order: super_admin, admin, editor, author, contributor, subscriber, nobody.
const actions: readonly Action[] = [
  {
    name: "lists posts",
    send: (who) => api.get("/posts", as(who)),
    expected: [200, 200, 200, 200, 200, 200, 200],
  },
  {
    name: "reads another's published post",
    send: (who, t) => api.get(`/posts/${t.published}`, as(who)),
    expected: [200, 200, 200, 200, 200, 200, 200],
  },
  {
    name: "reads another's draft",
    send: (who, t) => api.get(`/posts/${t.draft}`, as(who)),
    expected: [200, 200, 200, 404, 404, 404, 404],
  },
  {
    name: "writes a post",
    send: (who) => api.post("/posts", { ...as(who), body: newPost }),
    expected: [201, 201, 201, 201, 403, 403, 401],
  },
  {
    name: "changes another's post",
    send: (who, t) => api.put(`/posts/${t.published}`, { ...as(who), body: {} }),
    expected: [200, 200, 200, 403, 403, 403, 401],
  },
  {
    name: "changes another's draft",
    send: (who, t) => api.put(`/posts/${t.draft}`, { ...as(who), body: {} }),
    expected: [200, 200, 200, 403, 403, 403, 401],
  },
  {
    name: "deletes another's post",
    send: (who, t) => api.delete(`/posts/${t.draft}`, as(who)),
    expected: [200, 200, 200, 403, 403, 403, 401],
  },
  {
    name: "reads comments",
    send: (who, t) => api.get(`/posts/${t.published}/comments`, as(who)),
    expected: [200, 200, 200, 200, 200, 200, 200],
  },
  {
    name: "reads comments of a draft",
    send: (who, t) => api.get(`/posts/${t.draft}/comments`, as(who)),
    expected: [200, 200, 200, 404, 404, 404, 404],
  },
  {
    name: "comments",
    send: (who, t) => api.post(`/posts/${t.published}/comments`, { ...as(who), body: { content: "Hm" } }),
    expected: [201, 201, 201, 201, 201, 201, 401],
  },
  {
    name: "comments on a draft",
    send: (who, t) => api.post(`/posts/${t.draft}/comments`, { ...as(who), body: { content: "Hm" } }),
    expected: [201, 201, 201, 404, 404, 404, 401],
  },
  {
    name: "lists tags",
    send: (who) => api.get("/tags", as(who)),
    expected: [200, 200, 200, 200, 200, 200, 200],
  },
  {
    name: "lists categories",
    send: (who) => api.get("/categories", as(who)),
    expected: [200, 200, 200, 200, 200, 200, 200],
  },
  {
    name: "searches",
    send: (who) => api.get("/search?q=a", as(who)),
    expected: [200, 200, 200, 200, 200, 200, 200],
  },
  {
    name: "asks for suggestions",
    send: (who) => api.get("/search/suggest?q=a", as(who)),
    expected: [200, 200, 200, 200, 200, 200, 200],
  },
  {
    name: "reads their profile",
    send: (who) => api.get("/auth/profile", as(who)),
    expected: [200, 200, 200, 200, 200, 200, 401],
  },
  {
    name: "lists users",
    send: (who) => api.get("/users", as(who)),
    expected: [200, 200, 403, 403, 403, 403, 401],
  },
  {
    name: "reads a user",
    send: (who, t) => api.get(`/users/${t.user}`, as(who)),
    expected: [200, 200, 403, 403, 403, 403, 401],
  },
  {
    name: "reads themselves",
    send: (who) => api.get(`/users/${who?.id ?? owner.id}`, as(who)),
    expected: [200, 200, 200, 200, 200, 200, 401],
  },
  {
    name: "reads a user who does not exist",
    send: (who) => api.get("/users/nobody", as(who)),
    expected: [404, 404, 403, 403, 403, 403, 401],
  },
  {
    name: "changes a user",
    send: (who, t) => api.put(`/users/${t.user}`, { ...as(who), body: { first_name: "N" } }),
    expected: [200, 200, 403, 403, 403, 403, 401],
  },
  {
    name: "changes themselves",
    send: (who) => api.put(`/users/${who?.id ?? owner.id}`, { ...as(who), body: { first_name: "N" } }),
    expected: [200, 200, 200, 200, 200, 200, 401],
  },
  {
    name: "gives themselves a role",
    send: (who) => api.put(`/users/${who?.id ?? owner.id}`, { ...as(who), body: { role: "super_admin" } }),
    expected: [200, 403, 403, 403, 403, 403, 401],
  },
  {
    name: "makes a user an editor",
    send: (who, t) => api.put(`/users/${t.user}`, { ...as(who), body: { role: "editor" } }),
    expected: [200, 200, 403, 403, 403, 403, 401],
  },
  {
    name: "makes a user a super admin",
    send: (who, t) => api.put(`/users/${t.user}`, { ...as(who), body: { role: "super_admin" } }),
    expected: [200, 403, 403, 403, 403, 403, 401],
  },
  {
    name: "changes a super admin",
    send: (who, t) => api.put(`/users/${t.superAdmin}`, { ...as(who), body: {} }),
    expected: [200, 403, 403, 403, 403, 403, 401],
  },
  {
    name: "deactivates a user",
    send: (who, t) => api.delete(`/users/${t.user}`, as(who)),
    expected: [200, 200, 403, 403, 403, 403, 401],
  },
  {
    name: "deactivates a super admin",
    send: (who, t) => api.delete(`/users/${t.superAdmin}`, as(who)),
    expected: [200, 403, 403, 403, 403, 403, 401],
  },
  {
    name: "lists posts as admin",
    send: (who) => api.get("/admin/posts", as(who)),
    expected: [200, 200, 403, 403, 403, 403, 401],
  },
  {
    name: "writes a post as admin",
    send: (who) => api.post("/admin/posts", { ...as(who), body: newPost }),
    expected: [201, 201, 403, 403, 403, 403, 401],
  },
  {
    name: "deletes a post as admin",
    send: (who, t) => api.delete(`/admin/posts/${t.draft}`, as(who)),
    expected: [200, 200, 403, 403, 403, 403, 401],
  },
  {
    name: "creates an API key",
    send: (who) => api.post("/api-keys", { ...as(who), body: { name: "k" } }),
    expected: [201, 201, 201, 201, 201, 201, 401],
  },
  {
    name: "lists API keys",
    send: (who) => api.get("/api-keys", as(who)),
    expected: [200, 200, 200, 200, 200, 200, 401],
  },
];

describe.each(actions)("who $name", ({ send, expected }) => {
  test("is as the contract says, for every role", async () => {
    const everyone: readonly Who[] = [...roles, "nobody"];
    const statuses: number[] = [];
    for (const who of everyone) statuses.push((await send(actors.get(who), await insertTargets())).status);
    expect(Object.fromEntries(everyone.map((who, n) => [who, statuses[n]]))).toEqual(
      Object.fromEntries(everyone.map((who, n) => [who, expected[n]])),
    );
  });
});

describe("the owner of a post", () => {
  test.each(["author", "contributor", "subscriber"] as const)(
    "may change and delete it as %s",
    async (role) => {
      const actor = actors.get(role);
      const post = await insertPost("draft", actor?.id ?? "");
      expect((await api.get(`/posts/${post}`, as(actor))).status).toBe(200);
      expect((await api.put(`/posts/${post}`, { ...as(actor), body: { title: "Mine" } })).data.title).toBe(
        "Mine",
      );
      expect((await api.delete(`/posts/${post}`, as(actor))).data).toEqual({
        message: "Post deleted successfully",
      });
      expect((await api.get(`/posts/${post}`, as(actor))).error).toBe("Post not found");
    },
  );
});

test("a change of role takes effect on the next request with the same token", async () => {
  const actor = await createActor(api, database.url, "riser", "subscriber");
  expect((await api.get("/users", as(actor))).status).toBe(403);
  await sql.query("UPDATE users SET role = 'admin' WHERE id = $1", [actor.id]);
  expect((await api.get("/users", as(actor))).status).toBe(200);
});

test("a deactivated user loses every session and comes back only when reactivated", async () => {
  const admin = actors.get("admin");
  const actor = await createActor(api, database.url, "on_leave", "author");
  const body = { email: "on_leave@example.com", password: "a good password" };
  const deactivated = await api.delete(`/users/${actor.id}`, as(admin));
  expect(deactivated.data).toEqual({ message: "User deactivated successfully" });
  expect((await api.get("/auth/profile", as(actor))).status).toBe(401);
  expect((await api.post("/auth/login", { body })).error).toBe("Invalid email or password");
  await api.put(`/users/${actor.id}`, { ...as(admin), body: { is_active: true } });
  expect((await api.get("/auth/profile", as(actor))).status).toBe(401);
  expect((await api.post("/auth/login", { body })).status).toBe(200);
});
