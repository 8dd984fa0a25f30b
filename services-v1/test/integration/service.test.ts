import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  migrateDatabase,
  rollbackDatabase,
  withClient,
} from "../../../deploy/database/src/migrate-database.ts";
import { seedPassword } from "../../../deploy/database/src/seed-rows.ts";
import { seedDatabase } from "../../../deploy/database/src/seed.ts";
import { startPostgres } from "../../../deploy/local/src/postgres.ts";
import { createTestDatabase } from "../../../deploy/local/test/database.ts";
import { ApiClient } from "../api-client.ts";
import { runToExit, startService } from "../start-service.ts";

async function startAll(env: Readonly<Record<string, string>> = {}) {
  const database = await createTestDatabase(migrateDatabase);
  onTestFinished(() => database.drop());
  const service = await startService(database.url, env);
  onTestFinished(async () => {
    await service.stop();
  });
  await expect.poll(() => readiness(service.url)).toEqual({ status: "ready" });
  return { database, service, api: new ApiClient(service.url) };
}

async function readiness(url: string): Promise<unknown> {
  return (await fetch(`${url}/health/ready`)).json();
}

test("a wrong environment is refused with every problem at once and exit code 64", async () => {
  const { code, stderr } = await runToExit({ PORT: "http", JWT_SECRET: "short-secret", LOG_LEVEL: "loud" });
  expect(code).toBe(64);
  expect(stderr.trim().split("\n")).toEqual([
    "cms-v1: DATABASE_URL must be set to postgres://user:password@host:port/database",
    "cms-v1: JWT_SECRET must be set to at least 32 characters",
    "cms-v1: LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is 'loud'",
    "cms-v1: PORT must be a whole number from 0 to 65535, but is 'http'",
  ]);
});

test("it lives, gets ready, and logs each request once with the id that the proxy sent", async () => {
  const { service } = await startAll();
  expect(await (await fetch(`${service.url}/health/live`)).json()).toEqual({ status: "ok" });
  await fetch(`${service.url}/api/v1/tags?secret=value`, { headers: { "x-request-id": "from-the-proxy" } });
  await expect
    .poll(() => service.logs.filter((line) => line["request_id"] === "from-the-proxy"))
    .toHaveLength(1);
  const line = service.logs.find((each) => each["request_id"] === "from-the-proxy");
  expect(line).toMatchObject({ msg: "request", method: "GET", path: "/api/v1/tags", status: 200 });
});

test("a request under way when it is told to stop is answered, and the exit code is 0", async () => {
  const { service } = await startAll();
  const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString()));
  const body = JSON.stringify({ username: "late", email: "late@example.com", password: "long enough" });
  socket.write(
    `POST /api/v1/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  // The rest of the body comes only after the process has begun to stop.
  socket.write(body.slice(0, 10));
  await expect.poll(async () => (await fetch(`${service.url}/health/live`)).status).toBe(200);
  service.process.kill("SIGTERM");
  await expect.poll(() => service.logs.some((line) => line.msg === "stopping")).toBe(true);
  socket.write(body.slice(10));
  await once(socket, "close");
  expect(received).toMatch(/^HTTP\/1\.1 201 /u);
  expect(await service.exited).toBe(0);
});

describe("with rate limits", () => {
  test("two processes count together, per route, and say when to come back", async () => {
    const { database, api } = await startAll({ RATE_LIMIT_LOGIN: "3", RATE_LIMIT_WINDOW_SECONDS: "3600" });
    const second = await startService(database.url, {
      RATE_LIMIT_LOGIN: "3",
      RATE_LIMIT_WINDOW_SECONDS: "3600",
    });
    onTestFinished(async () => {
      await second.stop();
    });
    const other = new ApiClient(second.url);
    const body = { email: "a@example.com", password: "wrong password" };
    const statuses: number[] = [];
    for (const each of [api, other, api, other, api]) {
      statuses.push((await each.post("/auth/login", { body })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const limited = await api.post("/auth/login", { raw: "{" });
    expect([limited.status, limited.error]).toEqual([429, "Too many requests, please try again later"]);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    const elsewhere = await api.post("/auth/login", { body, headers: { "x-forwarded-for": "203.0.113.9" } });
    expect(elsewhere.status).toBe(401);
    expect((await api.post("/auth/register", { body: {} })).status).toBe(422);
  });
});

test("PostgreSQL going away makes it unready and answer 503 quickly; all recovers by itself", async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), "cms-outage-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const first = await startPostgres({ dataDir });
  const port = Number(new URL(first.url).port);
  await migrateDatabase(first.url);
  const service = await startService(first.url);
  onTestFinished(async () => {
    await service.stop();
  });
  const api = new ApiClient(service.url);
  await expect.poll(() => readiness(service.url)).toEqual({ status: "ready" });

  await first.stop();
  const startedAt = performance.now();
  const down = await api.get("/posts");
  expect([down.status, down.error]).toEqual([503, "Service temporarily unavailable"]);
  expect(down.headers.get("retry-after")).toBe("1");
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(await readiness(service.url)).toEqual({ status: "unavailable", reason: "database_unreachable" });
  expect((await fetch(`${service.url}/health/live`)).status).toBe(200);

  const second = await startPostgres({ dataDir, port });
  onTestFinished(() => second.stop());
  await expect.poll(() => readiness(service.url), { timeout: 10_000 }).toEqual({ status: "ready" });
  expect((await api.get("/posts")).status).toBe(200);
});

describe("the contract migration", () => {
  test("is refused while the service lives, and goes through when it has gone", async () => {
    const { database, service } = await startAll();
    await expect(migrateDatabase(database.url, { contract: true })).rejects.toMatchObject({ code: "55006" });
    expect(await readiness(service.url)).toEqual({ status: "ready" });
    await service.stop();
    expect(await migrateDatabase(database.url, { contract: true })).toEqual(["0003_contract"]);
    const late = await startService(database.url);
    onTestFinished(async () => {
      await late.stop();
    });
    expect(await readiness(late.url)).toEqual({ status: "unavailable", reason: "schema_too_new" });
    await rollbackDatabase(database.url, 1);
    await expect.poll(() => readiness(late.url)).toEqual({ status: "ready" });
  });

  test("goes through when the service was killed outright", async () => {
    const { database, service } = await startAll();
    service.process.kill("SIGKILL");
    await service.exited;
    await expect
      .poll(() => migrateDatabase(database.url, { contract: true }).catch(() => []))
      .toEqual(["0003_contract"]);
  });
});

test("every seeded user can log in, and the seeded posts are there", async () => {
  const { database, api } = await startAll();
  await withClient(database.url, (client) => seedDatabase(client, 20));
  const login = await api.post("/auth/login", {
    body: { email: "editor@example.com", password: seedPassword },
  });
  expect([login.status, login.data.user.role]).toEqual([200, "editor"]);
  const all = await api.get("/posts?limit=1", { token: login.data.access_token });
  expect(all.data.total).toBe(20);
});

test("an empty database is too old to be ready", async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const service = await startService(database.url);
  onTestFinished(async () => {
    await service.stop();
  });
  expect(await readiness(service.url)).toEqual({ status: "unavailable", reason: "schema_too_old" });
});
