import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrateDatabase } from "../../../deploy/database/src/migrate-database.ts";
import { createTestDatabase, type TestDatabase } from "../../../deploy/local/test/database.ts";
import { signAccessToken } from "../../src/tokens.ts";
import { ApiClient } from "../api-client.ts";
import { jwtSecret, type RunningService, startService } from "../start-service.ts";
import { createActor } from "../users.ts";

let database: TestDatabase;
let service: RunningService;
let api: ApiClient;
let sql: Client;

beforeAll(async () => {
  database = await createTestDatabase(migrateDatabase);
  service = await startService(database.url);
  api = new ApiClient(service.url);
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});

afterAll(async () => {
  await sql.end();
  await service.stop();
  await database.drop();
});

const ann = { username: "ann", email: " Ann@Example.COM ", password: "long enough" };

test("registering answers with the user, both tokens and the session, in the order of the contract", async () => {
  const answer = await api.post("/auth/register", {
    body: { ...ann, role: "super_admin", first_name: " Ann ", last_name: "  " },
  });
  expect(answer.status).toBe(201);
  expect(Object.keys(JSON.parse(answer.text))).toEqual(["success", "data", "message", "error"]);
  expect(Object.keys(answer.data)).toEqual([
    "user",
    "access_token",
    "refresh_token",
    "expires_in",
    "session_id",
  ]);
  expect(answer.data.user).toMatchObject({
    username: "ann",
    email: "ann@example.com",
    first_name: "Ann",
    last_name: null,
    role: "subscriber",
    is_active: true,
    email_verified: false,
    last_login: null,
  });
  expect(answer.data.expires_in).toBe(3600);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test("a taken email is reported before a taken username", async () => {
  const both = await api.post("/auth/register", { body: ann });
  expect([both.status, both.error]).toEqual([409, "A user with this email already exists"]);
  const name = await api.post("/auth/register", { body: { ...ann, email: "other@example.com" } });
  expect([name.status, name.error]).toEqual([409, "A user with this username already exists"]);
});

test("of many that register the same email at once exactly one succeeds", async () => {
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      api.post("/auth/register", {
        body: { username: `racer${n}`, email: "race@example.com", password: "long enough" },
      }),
    ),
  );
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([
    201, 409, 409, 409, 409, 409,
  ]);
});

test("all wrong fields are reported at once, in the order of the contract", async () => {
  const answer = await api.post("/auth/register", {
    body: { username: "ab", email: "nobody", password: "short", first_name: 7, last_name: "n".repeat(101) },
  });
  expect(answer.status).toBe(422);
  expect(answer.error).toBe("Validation failed");
  expect(answer.problems).toEqual([
    "username must be between 3 and 50 characters",
    "email must be a valid email address",
    "password must be at least 8 characters",
    "first_name must be a string",
    "last_name must be at most 100 characters",
  ]);
  const empty = await api.post("/auth/register", { body: { username: null, password: "\0 NUL" } });
  expect(empty.problems).toEqual([
    "username is required",
    "email is required",
    "password must not contain the NUL character",
  ]);
});

test("logging in sets last_login and nothing else", async () => {
  const answer = await api.post("/auth/login", {
    body: { email: "ANN@example.com ", password: ann.password },
  });
  expect(answer.status).toBe(200);
  expect(answer.data.user.last_login).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/u);
  expect(answer.data.user.updated_at).toBe(answer.data.user.created_at);
});

describe("a failed login", () => {
  const attempt = (email: string, password: string) => api.post("/auth/login", { body: { email, password } });

  test("reads the same whatever was wrong", async () => {
    await createActor(api, database.url, "gone", "author");
    await sql.query("UPDATE users SET is_active = false WHERE username = 'gone'");
    const answers = [
      await attempt("ann@example.com", "wrong password"),
      await attempt("nobody@example.com", "wrong password"),
      await attempt("gone@example.com", "a good password"),
      await attempt("", ""),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.text]).toEqual([401, answers[0]?.text]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
    expect(answers[0]?.error).toBe("Invalid email or password");
  });

  test("takes as long for an unknown email as for a wrong password", async () => {
    const medianMs = async (email: string): Promise<number> => {
      const times: number[] = [];
      for (let n = 0; n < 9; n += 1) {
        const startedAt = performance.now();
        await attempt(email, "wrong password");
        times.push(performance.now() - startedAt);
      }
      return times.sort((a, b) => a - b)[4] ?? 0;
    };
    await attempt("ann@example.com", "warm up");
    const known = await medianMs("ann@example.com");
    const unknown = await medianMs("nobody@example.com");
    // A missing comparison would make it ten times faster or more; the bound leaves room for a busy machine.
    expect(unknown / known).toBeGreaterThan(0.5);
    expect(unknown / known).toBeLessThan(2);
  });
});

describe("refreshing", () => {
  test("keeps the session, replaces the token and kills the old one", async () => {
    const first = (await api.post("/auth/login", { body: { email: ann.email, password: ann.password } }))
      .data;
    const second = await api.post("/auth/refresh", { body: { refresh_token: first.refresh_token } });
    expect(second.status).toBe(200);
    expect(second.data.session_id).toBe(first.session_id);
    expect(second.data.refresh_token).not.toBe(first.refresh_token);
    const again = await api.post("/auth/refresh", { body: { refresh_token: first.refresh_token } });
    expect([again.status, again.error]).toEqual([401, "Invalid or expired refresh token"]);
    const third = await api.post("/auth/refresh", { body: { refresh_token: second.data.refresh_token } });
    expect(third.status).toBe(200);
  });

  test("with one token many times at once succeeds once", async () => {
    const { refresh_token } = (
      await api.post("/auth/login", { body: { email: ann.email, password: ann.password } })
    ).data;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.post("/auth/refresh", { body: { refresh_token } })),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  });

  test("an expired session is refused", async () => {
    const { refresh_token, session_id } = (
      await api.post("/auth/login", { body: { email: ann.email, password: ann.password } })
    ).data;
    await sql.query("UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1", [
      session_id,
    ]);
    expect((await api.post("/auth/refresh", { body: { refresh_token } })).status).toBe(401);
  });
});

test("logging out ends the access token and the refresh token of that session alone", async () => {
  const login = () => api.post("/auth/login", { body: { email: ann.email, password: ann.password } });
  const [one, other] = [(await login()).data, (await login()).data];
  const out = await api.post("/auth/logout", { token: one.access_token });
  expect([out.status, out.data]).toEqual([200, { message: "Logged out successfully" }]);
  expect((await api.get("/auth/profile", { token: one.access_token })).error).toBe(
    "Invalid or expired token",
  );
  expect((await api.post("/auth/refresh", { body: { refresh_token: one.refresh_token } })).status).toBe(401);
  expect((await api.get("/auth/profile", { token: other.access_token })).data.username).toBe("ann");
});

describe("an access token", () => {
  const now = Date.now();
  const sign = async (secret: string, at: number): Promise<string> => {
    const login = (await api.post("/auth/login", { body: { email: ann.email, password: ann.password } }))
      .data;
    return signAccessToken({ sub: login.user.id, role: "subscriber", sid: login.session_id }, secret, at);
  };

  test("is refused when expired, signed by another, tampered with or unsigned", async () => {
    const good = await sign(jwtSecret, now);
    const [head = "", payload = "", signature = ""] = good.split(".");
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    const bad = [
      await sign(jwtSecret, now - 3_601_000),
      await sign("another secret, of the same length or so", now),
      `${head}.${payload.slice(0, -2)}AA.${signature}`,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${good}.${signature}`,
      "abc",
    ];
    for (const token of bad) {
      const answer = await api.get("/auth/profile", { token });
      expect([token, answer.status, answer.error]).toEqual([token, 401, "Invalid or expired token"]);
    }
    expect((await api.get("/auth/profile", { token: good })).status).toBe(200);
  });

  test("may name its scheme in any case, and another scheme is no credential", async () => {
    const token = await sign(jwtSecret, now);
    const lower = await api.get("/auth/profile", { headers: { authorization: `bearer ${token}` } });
    expect(lower.status).toBe(200);
    const basic = await api.get("/auth/profile", { headers: { authorization: "Basic YTpi" } });
    expect(basic.error).toBe("Invalid or expired token");
    expect((await api.get("/auth/profile")).error).toBe("Authentication required");
  });

  test("stops working at once when its user is deactivated", async () => {
    const actor = await createActor(api, database.url, "leaver", "editor");
    await sql.query("UPDATE users SET is_active = false WHERE id = $1", [actor.id]);
    expect((await api.get("/auth/profile", { token: actor.token })).status).toBe(401);
  });
});

test("an API key is shown once, works instead of a token, and is kept only as a hash", async () => {
  const { token } = await createActor(api, database.url, "keeper", "author");
  const made = await api.post("/api-keys", { token, body: { name: " ci " } });
  expect(made.status).toBe(201);
  expect(Object.keys(made.data)).toEqual(["id", "name", "prefix", "created_at", "key"]);
  const { id, key } = made.data;
  expect(key).toMatch(/^cms_[\w-]{43}$/u);
  const withKey = { headers: { "x-api-key": key } };
  expect((await api.get("/auth/profile", withKey)).data.username).toBe("keeper");
  const listed = await api.get("/api-keys", withKey);
  expect(listed.data).toMatchObject({ total: 1, items: [{ id, name: "ci", prefix: key.slice(0, 12) }] });
  expect(listed.text).not.toContain(key);
  const stored = await sql.query("SELECT row_to_json(k)::text AS row FROM api_keys k");
  expect(stored.rows[0].row).not.toContain(key);

  const other = await createActor(api, database.url, "stranger", "admin");
  expect((await api.delete(`/api-keys/${id}`, { token: other.token })).error).toBe("API key not found");
  expect((await api.delete(`/api-keys/${id}`, withKey)).data).toEqual({
    message: "API key revoked successfully",
  });
  expect((await api.get("/auth/profile", withKey)).error).toBe("Invalid API key");
});

test("no password, token or key is written to the log or stored in clear", async () => {
  const { token } = await createActor(api, database.url, "quiet", "author");
  const { key } = (await api.post("/api-keys", { token, body: { name: "k" } })).data;
  const { refresh_token } = (
    await api.post("/auth/login", { body: { email: "quiet@example.com", password: "a good password" } })
  ).data;
  await api.get(`/posts?token=${token}`, { headers: { "x-api-key": key } });
  const log = JSON.stringify(service.logs);
  for (const secret of [
    token,
    key,
    refresh_token,
    "a good password",
    jwtSecret,
    new URL(database.url).password,
  ]) {
    expect(log).not.toContain(secret);
  }
  const sessions = await sql.query("SELECT string_agg(s::text, ' ') AS all FROM sessions s");
  expect(sessions.rows[0].all).not.toContain(refresh_token);
});
