import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundPort } from "../../../src/net/bound-port.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

const ENTRY = join(import.meta.dirname, "../../../src/cli/serin.ts");
const REQUEST = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await TestUpstream.start("v1", (_request, response) => response.end("ok"));
});

afterAll(async () => {
  await upstream?.[Symbol.asyncDispose]();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const port = boundPort(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

test("82 out of file descriptors it sheds clients, keeps admin reachable, does not spin and recovers", async () => {
  await using serin = await SerinProcess.start(configFor(upstream, upstream, "workers: 1\n"), {}, [
    "prlimit",
    "--nofile=256",
  ]);
  expect(serin.log.some(({ msg }) => String(msg).startsWith("too few file descriptors"))).toBe(true);
  const crowd = Array.from({ length: 400 }, () => new RawClient(serin.port));
  // Most are turned away; those that are let in are served.
  await expect
    .poll(() => crowd.filter((client) => client.ended).length, { timeout: 8_000 })
    .toBeGreaterThan(200);
  const inside = crowd.filter((client) => !client.ended);
  expect(inside.length).toBeGreaterThan(8);
  for (const client of inside) client.send(REQUEST);
  await Promise.all(
    inside.map((client) => client.until(() => client.ended || client.responses().length > 0)),
  );
  const statuses = new Set(inside.flatMap((client) => client.responses().map(({ status }) => status)));
  expect(statuses.has(200)).toBe(true);
  for (const status of statuses) expect([200, 503]).toContain(status);
  expect((await fetch(`${serin.adminUrl}/readyz`)).status).toBe(200);
  const cpuBefore = await serin.metric("process_cpu_seconds_total");
  const second = Promise.withResolvers<void>();
  setTimeout(second.resolve, 1_000);
  await second.promise;
  expect((await serin.metric("process_cpu_seconds_total")) - cpuBefore).toBeLessThan(0.5);
  for (const client of crowd) client.socket.destroy();
  await expect.poll(async () => (await fetch(serin.url)).status, { timeout: 5_000 }).toBe(200);
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(0);
  expect(await serin.sumMetric("serin_upstream_failures_total")).toBe(0);
});

/** A `serin start` whose standard output is nobody's business, on ports chosen beforehand. */
async function startWith(stdout: "pipe" | "/dev/full"): Promise<{
  readonly child: ChildProcess;
  readonly url: string;
  readonly adminUrl: string;
  readonly clean: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "serin-test-"));
  const configPath = join(folder, "serin.yaml");
  const port = await freePort();
  const adminPort = await freePort();
  await writeFile(
    configPath,
    configFor(
      upstream,
      upstream,
      `workers: 1
listen: { host: 127.0.0.1, port: ${port} }
admin: { port: ${adminPort} }
release: { logPath: "${join(folder, "release.jsonl")}" }
drain: { timeoutMs: 2000 }
`,
    ),
  );
  const command = [process.execPath, ENTRY, "start", "--config", configPath];
  const child =
    stdout === "pipe"
      ? spawn(process.execPath, command.slice(1), { stdio: ["ignore", "pipe", "ignore"] })
      : spawn("sh", ["-c", `exec "$@" > ${stdout}`, "sh", ...command], {
          stdio: ["ignore", "ignore", "ignore"],
        });
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const isReady = async (): Promise<boolean> => {
    try {
      return (await fetch(`${adminUrl}/readyz`)).ok;
    } catch {
      return false;
    }
  };
  await expect.poll(isReady, { timeout: 20_000 }).toBe(true);
  return {
    child,
    url: `http://127.0.0.1:${port}`,
    adminUrl,
    clean: async () => {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function droppedLines(adminUrl: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^serin_log_lines_dropped_total (\d+)/m.exec(text)?.[1] ?? 0);
}

test("89 with the log's pipe blocked lines are dropped and counted, traffic is served, and it stops in time", async () => {
  const serin = await startWith("pipe");
  try {
    // Nobody reads: the pipe fills, then the buffers behind it. Each line is about 6 KB.
    serin.child.stdout?.pause();
    const target = `${serin.url}/${"x".repeat(6_000)}`;
    const client = async (): Promise<void> => {
      while ((await droppedLines(serin.adminUrl)) === 0) {
        for (let i = 0; i < 50; i += 1) {
          const response = await fetch(target);
          expect(response.status).toBe(200);
          await response.arrayBuffer();
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    expect(await droppedLines(serin.adminUrl)).toBeGreaterThan(0);
    expect((await fetch(serin.url)).status).toBe(200);
    const exited = once(serin.child, "exit");
    const startedMs = performance.now();
    serin.child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    expect(performance.now() - startedMs).toBeLessThan(8_000);
  } finally {
    await serin.clean();
  }
});

test("89 with the log's disk full traffic is served", async () => {
  const serin = await startWith("/dev/full");
  try {
    for (let i = 0; i < 50; i += 1) {
      const response = await fetch(serin.url);
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
    const exited = once(serin.child, "exit");
    serin.child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  } finally {
    await serin.clean();
  }
});
