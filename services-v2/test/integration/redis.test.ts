import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, type RunningService, startService } from "./start-service.ts";

function hasRedis(): boolean {
  try {
    return execFileSync("redis-server", ["--version"]).includes("v=7");
  } catch {
    return false;
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function startRedis(port: number): Promise<ChildProcess> {
  const child = spawn(
    "redis-server",
    ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"],
    {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: "/",
    },
  );
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("Ready to accept connections")) resolve();
    });
    child.once("close", () => reject(new Error(log)));
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

describe.runIf(hasRedis())("with Redis as the shared cache", () => {
  let port: number;
  let redis: ChildProcess;
  let service: RunningService;
  const read = (): Promise<Answer> => service.ask("GET", "/api/v1/tags");
  const keys = async (): Promise<readonly string[]> => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await client.keys("cms-v2:*");
    } finally {
      client.destroy();
    }
  };

  beforeAll(async () => {
    port = await findFreePort();
    redis = await startRedis(port);
    service = await startService({ REDIS_URL: `redis://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await service.stop();
    await end(redis);
  });

  it("keeps answers there under the version of the data", async () => {
    await read();
    await expect.poll(keys).toHaveLength(1);
    expect((await keys())[0]).toContain("v1 /tags 1 20");
    await service.signIn();
    await read();
    await expect.poll(keys).toHaveLength(2);
  });

  it("shares them with the next process", async () => {
    await read();
    await expect.poll(async () => (await keys()).length).toBeGreaterThan(0);
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    client.on("error", () => undefined);
    await client.connect();
    const all = await keys();
    const planted =
      '{"success":true,"data":{"items":[],"total":0,"page":1,"limit":7,"total_pages":0},"message":null,"error":null}';
    const seven = all[0]?.replace("1 20", "1 7") ?? "";
    // What another process has worked out for this very version of the data.
    const version = await service.sql.query(
      `SELECT current_database() || '/' || extract(epoch FROM pg_postmaster_start_time())::text || '/' || pg_current_snapshot()::text AS version`,
    );
    await client.set(seven.replace(/^cms-v2:\S+/u, `cms-v2:${version.rows[0].version}`), planted);
    client.destroy();
    expect((await service.ask("GET", "/api/v1/tags?limit=7")).text).toBe(planted);
  });

  it("goes on answering when Redis hangs, dies and comes back", async () => {
    redis.kill("SIGSTOP");
    for (let round = 0; round < 5; round += 1)
      expect((await service.ask("GET", `/api/v1/tags?page=${round + 2}`)).status).toBe(200);
    redis.kill("SIGCONT");
    await end(redis);
    const started = performance.now();
    for (let round = 0; round < 20; round += 1) {
      expect((await service.ask("GET", `/api/v1/posts?page=${round + 1}`)).status).toBe(200);
    }
    expect(performance.now() - started).toBeLessThan(5000);
    redis = await startRedis(port);
    await expect
      .poll(
        async () => {
          await service.ask("GET", `/api/v1/posts?page=${Math.ceil(performance.now())}`);
          return (await keys()).length;
        },
        { timeout: 15_000, interval: 200 },
      )
      .toBeGreaterThan(0);
  });
});

describe("without Redis, though REDIS_URL names one", () => {
  it("starts, answers and stops", async () => {
    const service = await startService({ REDIS_URL: `redis://127.0.0.1:${await findFreePort()}` });
    expect((await service.ask("GET", "/api/v1/tags")).status).toBe(200);
    expect((await service.ask("GET", "/health/ready")).status).toBe(200);
    await service.stop();
  });
});
