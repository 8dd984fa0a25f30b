import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrateDatabase } from "../../../deploy/database/src/migrate-database.ts";
import { type RunningPostgres, startPostgres } from "../../../deploy/local/src/postgres.ts";
import { pino } from "pino";
import { type App, createApp } from "../../src/app.ts";
import { parseSettings } from "../../src/settings.ts";
import { type Answer, askService, testSecret } from "./start-service.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

describe("when PostgreSQL goes away", () => {
  let postgres: RunningPostgres;
  let dataDir: string;
  let app: App;
  let url: string;
  const ask = (method: string, target: string, body?: object): Promise<Answer> =>
    askService(url, method, target, body === undefined ? {} : { body });

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "cms-v2-outage-"));
    postgres = await startPostgres({ dataDir, persistent: true });
    await migrateDatabase(postgres.url);
    const parsed = parseSettings({ PORT: "0", DATABASE_URL: postgres.url, JWT_SECRET: testSecret });
    if (!parsed.ok) throw new Error(parsed.problems.join());
    app = await createApp(parsed.settings, pino({ level: "silent" }));
    url = `http://127.0.0.1:${await app.listen()}`;
  });
  afterAll(async () => {
    await app.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it("answers 503 quickly, is not ready but alive, and recovers by itself", async () => {
    const body = { username: "ada", email: "ada@example.org", password: "correct horse battery" };
    expect((await ask("POST", "/api/v1/auth/register", body)).status).toBe(201);
    expect((await ask("GET", "/health/ready")).json).toEqual({ status: "ready" });
    expect((await ask("GET", "/api/v1/tags")).status).toBe(200);
    const port = Number(new URL(postgres.url).port);
    await postgres.stop();

    const started = performance.now();
    const v1 = await ask("GET", "/api/v1/tags");
    expect([v1.status, v1.at("error"), v1.headers.get("retry-after")]).toEqual([
      503,
      "Service temporarily unavailable",
      "1",
    ]);
    const v2 = await ask("GET", "/api/v2/posts");
    expect([v2.status, v2.at("errors", 0, "code")]).toEqual([503, "unavailable"]);
    expect((await ask("POST", "/api/v1/auth/login", body)).status).toBe(503);
    expect(performance.now() - started).toBeLessThan(3000);
    const ready = await ask("GET", "/health/ready");
    expect([ready.status, ready.json]).toEqual([
      503,
      { status: "unavailable", reason: "database_unreachable" },
    ]);
    expect((await ask("GET", "/health/live")).json).toEqual({ status: "ok" });

    postgres = await startPostgres({ dataDir, persistent: true, port });
    await expect.poll(async () => (await ask("GET", "/health/ready")).status, { timeout: 10_000 }).toBe(200);
    expect((await ask("GET", "/api/v1/tags")).status).toBe(200);
    expect((await ask("POST", "/api/v1/auth/login", body)).status).toBe(200);
  });
});
