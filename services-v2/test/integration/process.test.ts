import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrateDatabase } from "../../../deploy/database/src/migrate-database.ts";
import { createTestDatabase, type TestDatabase } from "../../../deploy/local/test/database.ts";
import { askService, testSecret } from "./start-service.ts";

const main = path.join(import.meta.dirname, "..", "..", "src", "main.ts");

type Child = ChildProcessByStdio<null, Readable, Readable>;

function start(environment: Readonly<Record<string, string>>): Child {
  return spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

describe("the process", () => {
  let database: TestDatabase;
  let empty: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase((url) => migrateDatabase(url));
    empty = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
    await empty.drop();
  });

  /** Starts it, hands over its lines as they come, and waits until it listens. */
  async function listen(databaseUrl: string): Promise<{ child: Child; url: string; lines: string[] }> {
    const child = start({ PORT: "0", DATABASE_URL: databaseUrl, JWT_SECRET: testSecret });
    const lines: string[] = [];
    const port = await new Promise<number>((resolve, reject) => {
      createInterface(child.stdout).on("line", (line) => {
        lines.push(line);
        const entry: unknown = JSON.parse(line);
        if (typeof entry !== "object" || entry === null || !("msg" in entry) || !("port" in entry)) return;
        if (entry.msg === "listening" && typeof entry.port === "number") resolve(entry.port);
      });
      child.once("exit", (code) => reject(new Error(`ended with ${code}: ${lines.join("\n")}`)));
    });
    return { child, url: `http://127.0.0.1:${port}`, lines };
  }

  it("prints every problem of its environment at once, no secret among them, and ends with 64", async () => {
    const child = start({
      PORT: "70000",
      DATABASE_URL: "mysql://x",
      JWT_SECRET: "short-secret",
      DB_POOL_MAX: "0",
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = await once(child, "close");
    expect(code).toBe(64);
    for (const name of ["PORT", "DATABASE_URL", "JWT_SECRET", "DB_POOL_MAX"]) expect(stderr).toContain(name);
    expect(stderr).not.toContain("short-secret");
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "logs JSON with the proxy's request id and ends well on %s",
    async (signal) => {
      const { child, url, lines } = await listen(database.url);
      const body = { username: signal, email: `${signal}@example.org`, password: "a password to look for" };
      const answer = await askService(url, "POST", "/api/v1/auth/register", {
        body,
        headers: { "x-request-id": "from-the-proxy" },
      });
      expect(answer.status).toBe(201);
      await askService(url, "GET", "/api/v1/search?q=private");
      await askService(url, "GET", "/health/live");
      const exited = once(child, "exit");
      child.kill(signal);
      expect(await exited).toEqual([0, null]);
      const entries: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
      expect(entries).toContainEqual(
        expect.objectContaining({
          msg: "request",
          requestId: "from-the-proxy",
          method: "POST",
          route: "/api/v1/auth/register",
          status: 201,
        }),
      );
      expect(entries.at(-1)).toMatchObject({ msg: "stopped" });
      const log = lines.join("\n");
      expect(log).not.toContain("/health/live");
      for (const secret of [
        body.password,
        testSecret,
        answer.textAt("data", "refresh_token"),
        "private",
        "postgres:",
      ]) {
        expect(log).not.toContain(secret);
      }
    },
  );

  it("answers a request that is under way when it is told to stop", async () => {
    const { child, url } = await listen(database.url);
    const exited = once(child, "exit");
    const body = { username: "last", email: "last@example.org", password: "12345678" };
    const answers = Array.from({ length: 8 }, (_, index) =>
      askService(url, "POST", "/api/v1/auth/register", {
        body: { ...body, username: `last${index}`, email: `${index}@example.org` },
      }),
    );
    // The first has an answer: the others are on their way.
    await Promise.race(answers);
    child.kill("SIGTERM");
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual(Array.from({ length: 8 }, () => 201));
    expect(await exited).toEqual([0, null]);
  });

  it("is not ready before the schema is there", async () => {
    const { child, url } = await listen(empty.url);
    const ready = await askService(url, "GET", "/health/ready");
    expect([ready.status, ready.json]).toEqual([503, { status: "unavailable", reason: "schema_too_old" }]);
    await migrateDatabase(empty.url);
    expect((await askService(url, "GET", "/health/ready")).json).toEqual({ status: "ready" });
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  });

  it("goes on through the contract migration, which drops what cms-v1 lives on", async () => {
    const { child, url } = await listen(database.url);
    const body = { username: "contract", email: "contract@example.org", password: "12345678" };
    const made = await askService(url, "POST", "/api/v1/auth/register", { body });
    const token = made.textAt("data", "access_token");
    const { Client } = await import("pg");
    const sql = new Client({ connectionString: database.url });
    await sql.connect();
    await sql.query("UPDATE users SET role = 'author' WHERE username = 'contract'");
    await sql.end();
    const write = (title: string): ReturnType<typeof askService> =>
      askService(url, "POST", "/api/v1/posts", {
        token,
        body: { title, content: "c", status: "published", tags: ["before", title] },
      });
    expect((await write("first")).status).toBe(201);
    await migrateDatabase(database.url, { contract: true });
    const after = await write("second");
    expect([after.status, after.at("data", "tags")]).toEqual([201, ["before", "second"]]);
    const list = await askService(url, "GET", "/api/v1/posts?tag=before&sort=title");
    expect([0, 1].map((n) => list.at("data", "items", n, "tags"))).toEqual([
      ["before", "first"],
      ["before", "second"],
    ]);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  });
});
