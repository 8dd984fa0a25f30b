import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedPassword } from "../../database/src/seed-rows.ts";
import { ask, pickText } from "../src/ask.ts";
import type { Answer } from "../src/ask.ts";
import { startsOwnStack } from "../src/black-box.ts";
import { newPerson, tokenOf } from "../src/cms.ts";
import { startStage } from "../src/stage.ts";
import type { Stage } from "../src/stage.ts";

const limit = 6;
const services = ["v1", "v2"] as const;
const samples = 9;

describe.skipIf(!startsOwnStack())("security over both services", () => {
  let stage: Stage;
  let lastAddress = 0;

  beforeAll(async () => {
    stage = await startStage({
      RATE_LIMIT_LOGIN: String(limit),
      RATE_LIMIT_REGISTER: String(limit),
      RATE_LIMIT_WINDOW_SECONDS: "86400",
      LOG_LEVEL: "trace",
    });
  });

  afterAll(() => stage?.stop());

  /** A public client address (RFC 5737) that nobody has used; the services believe it of a loopback peer. */
  const newClient = (): Record<string, string> => ({ "x-forwarded-for": `203.0.113.${(lastAddress += 1)}` });
  const attempt = (url: string, headers: Record<string, string>, json: object): Promise<Answer> =>
    ask(`${url}/api/v1/auth/login`, { json, headers });

  test.each([
    ["login", { email: "nobody@example.com", password: "x" }, 401],
    ["register", { username: "x" }, 422],
  ])("attempts to %s are counted by both services together", async (route, json, status) => {
    const headers = newClient();
    const statuses: number[] = [];
    const at = (version: "v1" | "v2", from = headers): Promise<Answer> =>
      ask(`${stage[version].url}/api/v1/auth/${route}`, { json, headers: from });
    for (let n = 0; n < limit; n += 1) statuses.push((await at(n % 2 === 0 ? "v1" : "v2")).status);
    expect(statuses).toEqual(Array.from({ length: limit }, () => status));
    for (const version of services) {
      const refused = await at(version);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect((await at(version, newClient())).status).toBe(status);
    }
  });

  test("a client behind the proxy is counted by its own address", async () => {
    const json = { email: "nobody@example.com", password: "x" };
    const statuses: number[] = [];
    for (let n = 0; n <= limit; n += 1) {
      statuses.push((await attempt(stage.proxyUrl, {}, json)).status);
    }
    expect(statuses.filter((status) => status === 429).length).toBe(1);
    // The same address, straight to the other version.
    expect((await attempt(stage.v2.url, {}, json)).status).toBe(429);
  });

  test.each(services)("a failed login takes %s as long whatever was wrong", async (version) => {
    const person = newPerson();
    const created = await ask(`${stage.v1.url}/api/v1/auth/register`, { json: person, headers: newClient() });
    const admin = await attempt(stage.v1.url, newClient(), {
      email: "admin@example.com",
      password: seedPassword,
    });
    const inactive = `${stage.v1.url}/api/v1/users/${pickText(created.body, "data", "user", "id")}`;
    expect((await ask(inactive, { method: "DELETE", token: tokenOf(admin) })).status).toBe(200);
    const kinds = [
      { email: "nobody@example.com", password: "wrong password" },
      { email: "subscriber@example.com", password: "wrong password" },
      { email: person.email, password: person.password },
    ];
    const times = kinds.map((): number[] => []);
    for (let n = 0; n < samples; n += 1) {
      for (const [index, json] of kinds.entries()) {
        const startedAt = performance.now();
        const answer = await attempt(stage[version].url, newClient(), json);
        times[index]?.push(performance.now() - startedAt);
        expect([answer.status, pickText(answer.body, "error")]).toEqual([401, "Invalid email or password"]);
      }
    }
    // The least of several is what the work takes, and the rest is the machine. Without its comparison a failure takes a tenth.
    const least = times.map((all) => Math.min(...all));
    expect(Math.max(...least) / Math.min(...least)).toBeLessThan(2.5);
  });

  test("no password, token or key is logged by services or proxy, or stored in clear", async () => {
    const secrets: string[] = [];
    const hashed: string[] = [];
    for (const version of services) {
      const person = newPerson();
      const url = stage[version].url;
      const registered = await ask(`${url}/api/v1/auth/register`, { json: person, headers: newClient() });
      const loggedIn = await attempt(url, newClient(), person);
      const token = tokenOf(loggedIn);
      const key = await ask(`${stage.proxyUrl}/api/v1/api-keys`, { token, json: { name: "k" } });
      const apiKey = pickText(key.body, "data", "key");
      await ask(`${stage.proxyUrl}/api/v1/auth/profile`, { headers: { "x-api-key": apiKey } });
      await ask(`${url}/api/v1/auth/profile?token=${token}`, { token: `${token}x` });
      await attempt(url, newClient(), { ...person, password: `${person.password}, mistyped` });
      await ask(`${url}/api/v1/posts`, { token, json: { title: person.password } });
      const refresh = pickText(loggedIn.body, "data", "refresh_token");
      secrets.push(person.password, token, tokenOf(registered), refresh, apiKey);
      hashed.push(refresh, apiKey);
    }
    const logs = await Promise.all([
      stage.v1.readLogs(),
      stage.v2.readLogs(),
      readFile(stage.proxyLog, "utf8"),
    ]);
    for (const log of logs) {
      expect(log.length).toBeGreaterThan(0);
      expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    }
    const stored = await dump();
    expect(secrets.filter((secret) => stored.includes(secret))).toEqual([]);
    for (const secret of hashed) {
      expect(stored).toContain(createHash("sha256").update(secret).digest("hex"));
    }
  });

  test("every password is kept as bcrypt of cost 10, by both services", async () => {
    for (const version of services) {
      const person = newPerson();
      await ask(`${stage[version].url}/api/v1/auth/register`, { json: person, headers: newClient() });
      const other = version === "v1" ? stage.v2 : stage.v1;
      expect((await attempt(other.url, newClient(), person)).status).toBe(200);
    }
    const sql = await stage.connect();
    const found = await sql.query<{ password_hash: string }>("SELECT password_hash FROM users");
    await sql.end();
    const odd = found.rows.filter((row) => !/^\$2b\$10\$[./A-Za-z0-9]{53}$/u.test(row.password_hash));
    expect(odd).toEqual([]);
  });

  /** Every row of every table, as text. */
  async function dump(): Promise<string> {
    const sql = await stage.connect();
    const texts: string[] = [];
    for (const table of ["users", "sessions", "api_keys", "posts", "comments", "rate_limits"]) {
      const found = await sql.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${table} t`);
      texts.push(...found.rows.map(({ text }) => text));
    }
    await sql.end();
    return texts.join("\n");
  }
});
