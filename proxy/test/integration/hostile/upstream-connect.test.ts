import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundPort } from "../../../src/net/bound-port.ts";
import { BlackHole } from "../../process/black-hole.ts";
import { FaultyUpstream } from "../../process/faulty-upstream.ts";
import { SerinProcess } from "../../process/serin-process.ts";

let upstream: FaultyUpstream;
let serin: SerinProcess;

beforeAll(async () => {
  upstream = await FaultyUpstream.start({
    "/never": () => undefined,
    "/reset": (socket) => socket.resetAndDestroy(),
    "/half-a-head": (socket) => socket.write("HTTP/1.1 200 OK\r\nx-half: "),
    "/close": (socket) => socket.end(),
  });
  serin = await SerinProcess.start(configTo(upstream.url));
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

/** All traffic on v1, at that address, with short timeouts. Health is out of the way: nothing else to turn to. */
function configTo(url: string): string {
  const health = "{ intervalMs: 600000, unhealthyAfter: 100, timeoutMs: 200 }";
  return `workers: 1
upstreams:
  v1: { url: "${url}", connectTimeoutMs: 700, headersTimeoutMs: 700, health: ${health} }
  v2: { url: "${upstream.url}", health: ${health} }
`;
}

async function pointAt(url: string): Promise<void> {
  await writeFile(serin.configPath, configTo(url));
  const answer = await fetch(`${serin.adminUrl}/reload`, { method: "POST" });
  expect(answer.ok).toBe(true);
}

interface Asked {
  readonly status: number;
  readonly code: string;
  readonly tookMs: number;
}

async function ask(path: string, init: RequestInit = {}): Promise<Asked> {
  const startedMs = performance.now();
  const response = await fetch(`${serin.url}${path}`, init);
  const body: { error: { code: string } } = JSON.parse(await response.text());
  return { status: response.status, code: body.error.code, tookMs: performance.now() - startedMs };
}

async function closedPort(): Promise<number> {
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

test("56 a refused connection is answered 502 at once", async () => {
  await pointAt(`http://127.0.0.1:${await closedPort()}`);
  for (let round = 0; round < 3; round += 1) {
    const { status, code, tookMs } = await ask("/");
    expect({ status, code }).toEqual({ status: 502, code: "upstream_connect" });
    expect(tookMs).toBeLessThan(500);
  }
  expect(await serin.sumMetric("serin_upstream_failures_total", 'version="v1"', 'kind="connect"')).toBe(3);
});

test("57 a name that is not found is answered 502 and looked up again for the next request", async () => {
  await pointAt("http://nowhere.invalid:80");
  expect(await ask("/")).toMatchObject({ status: 502, code: "upstream_dns" });
  expect(await ask("/")).toMatchObject({ status: 502, code: "upstream_dns" });
  expect(await serin.sumMetric("serin_upstream_failures_total", 'version="v1"', 'kind="dns"')).toBe(2);
  await pointAt(upstream.url);
  expect((await fetch(`${serin.url}/fine`)).status).toBe(200);
});

test("58 a connection that nobody takes is answered 504 at the connect timeout", async () => {
  using hole = await BlackHole.start();
  await pointAt(hole.url);
  const { status, code, tookMs } = await ask("/");
  expect({ status, code }).toEqual({ status: 504, code: "upstream_connect_timeout" });
  expect(tookMs).toBeGreaterThan(600);
  expect(tookMs).toBeLessThan(3_000);
  await pointAt(upstream.url);
});

test("59 an upstream that never answers gets 504 for the client and its socket closed", async () => {
  for (const path of ["/never", "/half-a-head"]) {
    const { status, code, tookMs } = await ask(path);
    expect({ status, code }).toEqual({ status: 504, code: "upstream_timeout" });
    expect(tookMs).toBeGreaterThan(600);
    expect(tookMs).toBeLessThan(3_000);
    const requests = upstream.requestsFor(path);
    expect(requests).toHaveLength(1);
    await requests[0]?.connection.closed;
  }
});

test("60 a reset on a fresh socket before any header is answered 502 and not tried again", async () => {
  for (const path of ["/reset", "/close"]) {
    // Two at once: the second cannot be on a socket that was used before.
    const answers = await Promise.all([ask(path), ask(path)]);
    for (const { status, code } of answers)
      expect({ status, code }).toEqual({ status: 502, code: "upstream_reset" });
    const fresh = upstream.requestsFor(path).filter(({ nth }) => nth === 1);
    expect(fresh).toHaveLength(2);
  }
});
