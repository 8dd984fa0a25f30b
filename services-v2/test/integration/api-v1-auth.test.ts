import { createHmac } from "node:crypto";
import { compareSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningService, startService, testPassword, testSecret } from "./start-service.ts";

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const sign = (
  payload: object,
  header: object = { alg: "HS256", typ: "JWT" },
  secret = testSecret,
): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
};
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

describe("registering", () => {
  it("opens an account and a session, and keeps neither password nor token in clear", async () => {
    const body = { username: "Ada L", email: " Ada@Example.org ", password: "12345678", first_name: " Ada " };
    const answer = await service.ask("POST", "/api/v1/auth/register", { body });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("etag")).toBe(null);
    expect(answer.text).toMatch(
      /^\{"success":true,"data":\{"user":\{"id":"[^"]+","username":"Ada L","email":"ada@example.org","first_name":"Ada","last_name":null,"role":"subscriber","is_active":true,"email_verified":false,"last_login":null,"created_at":"[^"]+","updated_at":"[^"]+"\},"access_token":"[^"]+","refresh_token":"[^"]+","expires_in":3600,"session_id":"[^"]+"\},"message":null,"error":null\}$/u,
    );
    const { rows } = await service.sql.query(
      "SELECT password_hash, refresh_token_hash FROM users u JOIN sessions s ON s.user_id = u.id WHERE email = $1",
      ["ada@example.org"],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].password_hash).toMatch(/^\$2b\$10\$/u);
    expect(compareSync("12345678", rows[0].password_hash)).toBe(true);
    expect(rows[0].refresh_token_hash).toMatch(/^[0-9a-f]{64}$/u);
  });

  it("names the email first when both email and username are taken", async () => {
    const body = { username: "taken", email: "taken@example.org", password: "12345678" };
    await service.ask("POST", "/api/v1/auth/register", { body });
    const both = await service.ask("POST", "/api/v1/auth/register", { body });
    const name = await service.ask("POST", "/api/v1/auth/register", {
      body: { ...body, email: "b@example.org" },
    });
    const other = await service.ask("POST", "/api/v1/auth/register", {
      body: { ...body, username: "Taken" },
    });
    expect([both.status, both.at("error")]).toEqual([409, "A user with this email already exists"]);
    expect([name.status, name.at("error")]).toEqual([409, "A user with this username already exists"]);
    expect([other.status, other.at("error")]).toEqual([409, "A user with this email already exists"]);
  });

  it("lists what is wrong, field by field", async () => {
    const answer = await service.ask("POST", "/api/v1/auth/register", {
      body: { username: "ab", email: "x" },
    });
    expect(answer.status).toBe(422);
    expect(answer.text).toBe(
      '{"success":false,"data":null,"message":null,"error":"Validation failed","validation_errors":[' +
        '{"field":"username","message":"must be between 3 and 50 characters"},' +
        '{"field":"email","message":"must be a valid email address"},' +
        '{"field":"password","message":"is required"}]}',
    );
  });

  it("lets exactly one of ten who want the same name have it", async () => {
    const tries = Array.from({ length: 10 }, (_, index) =>
      service.ask("POST", "/api/v1/auth/register", {
        body: { username: "wanted", email: `wanted${index}@example.org`, password: "12345678" },
      }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });
});

describe("logging in", () => {
  it("sets the last login and not the time of change", async () => {
    const user = await service.signIn();
    const login = await service.ask("POST", "/api/v1/auth/login", {
      body: { email: user.email.toUpperCase(), password: testPassword },
    });
    expect(login.status).toBe(200);
    expect(login.textAt("data", "user", "last_login")).toMatch(/Z$/u);
    expect(login.at("data", "user", "updated_at")).toBe(login.at("data", "user", "created_at"));
  });

  it("says the same to an unknown address, a wrong password and an inactive user", async () => {
    const user = await service.signIn();
    const inactive = await service.signIn();
    await service.sql.query("UPDATE users SET is_active = false WHERE id = $1", [inactive.id]);
    const answers = await Promise.all(
      [
        { email: "nobody@example.org", password: testPassword },
        { email: user.email, password: "wrong" },
        { email: inactive.email, password: testPassword },
      ].map((body) => service.ask("POST", "/api/v1/auth/login", { body })),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.text).toBe(
        '{"success":false,"data":null,"message":null,"error":"Invalid email or password"}',
      );
    }
  });

  it("takes as long for an unknown address as for a wrong password", async () => {
    const user = await service.signIn();
    const measure = async (email: string): Promise<number> => {
      const times: number[] = [];
      for (let round = 0; round < 7; round += 1) {
        const start = performance.now();
        await service.ask("POST", "/api/v1/auth/login", { body: { email, password: "wrong" } });
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[3] ?? 0;
    };
    const known = await measure(user.email);
    const unknown = await measure("nobody@example.org");
    // A skipped comparison would be a tenth of the other; the margin is for a busy machine.
    expect(unknown / known).toBeGreaterThan(0.4);
    expect(unknown / known).toBeLessThan(2.5);
  });
});

describe("sessions", () => {
  it("rotate their refresh token, and of two that use the same one exactly one wins", async () => {
    const user = await service.signIn();
    const refresh = (): ReturnType<RunningService["ask"]> =>
      service.ask("POST", "/api/v1/auth/refresh", { body: { refresh_token: user.refresh } });
    const [first, second] = await Promise.all([refresh(), refresh()]);
    expect([first.status, second.status].sort((a, b) => a - b)).toEqual([200, 401]);
    const loser = first.status === 401 ? first : second;
    expect(loser.at("error")).toBe("Invalid or expired refresh token");
    const winner = first.status === 200 ? first : second;
    const profile = await service.ask("GET", "/api/v1/auth/profile", {
      token: winner.textAt("data", "access_token"),
    });
    expect(profile.status).toBe(200);
  });

  it("end at once with a logout, for the access token too", async () => {
    const user = await service.signIn();
    const logout = await service.ask("POST", "/api/v1/auth/logout", { token: user.token });
    expect(logout.text).toBe(
      '{"success":true,"data":{"message":"Logged out successfully"},"message":null,"error":null}',
    );
    const after = await service.ask("GET", "/api/v1/auth/profile", { token: user.token });
    expect([after.status, after.at("error")]).toEqual([401, "Invalid or expired token"]);
    const refresh = await service.ask("POST", "/api/v1/auth/refresh", {
      body: { refresh_token: user.refresh },
    });
    expect(refresh.status).toBe(401);
  });
});

describe("access tokens", () => {
  it("are taken when the peer signed them, whatever role they claim", async () => {
    const user = await service.signIn();
    const token = sign({ sub: user.id, role: "super_admin", iat: 0, exp: inAnHour() });
    expect((await service.ask("GET", "/api/v1/auth/profile", { token })).status).toBe(200);
    expect((await service.ask("GET", "/api/v1/users", { token })).status).toBe(403);
  });

  it("are refused when forged, late, unsigned or of someone who is gone", async () => {
    const user = await service.signIn();
    const claims = { sub: user.id, role: "admin", exp: inAnHour() };
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${sign(claims).split(".")[1]}.`;
    const bad = [
      sign(claims, { alg: "HS256" }, "another secret, 32 characters long"),
      sign(claims, { alg: "HS512" }),
      sign({ ...claims, exp: inAnHour() - 3601 }),
      sign({ ...claims, exp: "never" }),
      sign({ ...claims, sub: "1" }),
      sign({ ...claims, sub: "00000000-0000-4000-8000-000000000000" }),
      sign({ ...claims, sid: "00000000-0000-4000-8000-000000000000" }),
      unsigned,
      `${sign(claims)}x`,
      "nonsense",
    ];
    for (const token of bad) {
      const answer = await service.ask("GET", "/api/v1/auth/profile", { token });
      expect([token, answer.status, answer.at("error")]).toEqual([token, 401, "Invalid or expired token"]);
    }
  });

  it("are asked for where they are needed, and looked at where they are optional", async () => {
    const none = await service.ask("GET", "/api/v1/auth/profile");
    expect([none.status, none.at("error")]).toEqual([401, "Authentication required"]);
    expect((await service.ask("GET", "/api/v1/posts", { token: "bad" })).status).toBe(401);
    expect((await service.ask("GET", "/api/v1/tags", { token: "bad" })).status).toBe(200);
    const basic = await service.ask("GET", "/api/v1/posts", { headers: { authorization: "Basic eDp5" } });
    expect(basic.at("error")).toBe("Invalid or expired token");
  });
});

describe("API keys", () => {
  it("are shown once, work in place of a token and stop working when revoked", async () => {
    const user = await service.signIn();
    const created = await service.ask("POST", "/api/v1/api-keys", {
      token: user.token,
      body: { name: " ci " },
    });
    expect(created.status).toBe(201);
    const key = created.textAt("data", "key");
    const id = created.textAt("data", "id");
    expect(created.at("data")).toMatchObject({ name: "ci", prefix: key.slice(0, 12) });
    expect((await service.ask("GET", "/api/v1/auth/profile", { apiKey: key })).at("data", "id")).toBe(
      user.id,
    );
    const list = await service.ask("GET", "/api/v1/api-keys", { token: user.token });
    expect(list.at("data", "total")).toBe(1);
    expect(list.text).not.toContain(key);
    const other = await service.signIn();
    expect((await service.ask("DELETE", `/api/v1/api-keys/${id}`, { token: other.token })).status).toBe(404);
    expect((await service.ask("DELETE", `/api/v1/api-keys/${id}`, { token: user.token })).status).toBe(200);
    const after = await service.ask("GET", "/api/v1/auth/profile", { apiKey: key });
    expect([after.status, after.at("error")]).toEqual([401, "Invalid API key"]);
  });
});
