import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FaultyUpstream } from "../../process/faulty-upstream.ts";
import type { FaultyScript } from "../../process/faulty-upstream.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const DONE = `${OK}content-length: 4\r\n\r\ndone`;
const FORGED = `${OK}content-length: 6\r\n\r\nforged`;
/** More than all buffers between an upstream and a client that does not read can hold. */
const FIRE_HOSE_BYTES = 64 * 1024 * 1024;

/** Bytes that the fire hose got rid of. */
let hosed = 0;

const scripts: Record<string, FaultyScript> = {
  "/done": (socket) => socket.write(DONE),
  "/extra": (socket) => socket.write(`${DONE}extra bytes`),
  "/second": (socket) => socket.write(`${DONE}${FORGED}`),
  "/late-second": (socket) => {
    socket.write(DONE);
    setTimeout(() => socket.write(FORGED), 30);
  },
  "/204-body": (socket) => socket.write("HTTP/1.1 204 No Content\r\ncontent-length: 6\r\n\r\nforged"),
  "/204-raw": (socket) => socket.write(`HTTP/1.1 204 No Content\r\n\r\n${FORGED}`),
  "/304-body": (socket) =>
    socket.write('HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 6\r\n\r\nforged'),
  "/head-body": (socket) => socket.write(FORGED),
  "/trickle": (socket) => {
    socket.write(`${OK}content-length: 1000\r\n\r\n`);
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      if (sent <= 10) socket.write("x");
      else clearInterval(timer);
    }, 100);
  },
  "/fire-hose": (socket) => {
    const chunk = Buffer.alloc(65_536, "x");
    socket.write(`${OK}content-length: ${FIRE_HOSE_BYTES}\r\n\r\n`);
    const pump = (): void => {
      while (hosed < FIRE_HOSE_BYTES) {
        hosed += chunk.length;
        if (!socket.write(chunk)) {
          socket.once("drain", pump);
          return;
        }
      }
    };
    pump();
  },
  // Good for one request; the next on the same socket meets a reset, as when a keep-alive timeout strikes.
  "/stale": (socket, { nth }) => {
    if (nth === 1) socket.write(DONE);
    else socket.resetAndDestroy();
  },
  "/early": (socket, { nth }) => {
    if (nth === 1) socket.write(`HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno`);
  },
};

let upstream: FaultyUpstream;
let serin: SerinProcess;

beforeAll(async () => {
  upstream = await FaultyUpstream.start(scripts);
  const config = `workers: 1
split: { issueCookie: false }
upstreams:
  v1: { url: "${upstream.url}", bodyTimeoutMs: 1000, maxConnections: 1 }
  v2: { url: "${upstream.url}" }
`;
  serin = await SerinProcess.start(config);
});

afterEach(async () => {
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(0);
  expect(serin.log.filter((line) => line["level"] === "error")).toEqual([]);
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

/** One request on a connection of its own, and all that came back once the connection is idle. */
async function ask(path: string, method = "GET", more = ""): Promise<RawClient> {
  const client = new RawClient(serin.port);
  client.send(`${method} ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`);
  await client.until(() => client.ended || client.responses([method]).length > 0);
  return client;
}

test("65 extra bytes and an answer that nobody asked for are discarded, and their socket is not used again", async () => {
  for (const path of ["/extra", "/second", "/late-second"]) {
    using first = await ask(path);
    expect(first.responses()).toMatchObject([{ status: 200, body: "done" }]);
    await upstream.requestsFor(path)[0]?.connection.closed;
    // The pool holds one connection: had the socket been kept, this one would have it.
    using second = await ask(`/done?${path}`);
    expect(second.responses()).toMatchObject([{ status: 200, body: "done" }]);
    expect(upstream.requestsFor(`/done?${path}`)[0]?.nth).toBe(1);
    expect(first.received).not.toContain("forged");
    expect(first.received).not.toContain("extra");
  }
});

test("65 many requests behind an upstream that answers twice never get another's answer", async () => {
  const asked = Array.from({ length: 40 }, async (_, i) => {
    const response = await fetch(`${serin.url}${i % 2 === 0 ? "/second" : "/late-second"}?${i}`);
    return response.text();
  });
  expect(new Set(await Promise.all(asked))).toEqual(new Set(["done"]));
});

test("68 204, 304 and HEAD come without the body that the upstream sent, whose socket is dropped", async () => {
  const cases = [
    { path: "/204-body", method: "GET", status: 204 },
    { path: "/204-raw", method: "GET", status: 204 },
    { path: "/304-body", method: "GET", status: 304 },
    { path: "/head-body", method: "HEAD", status: 200 },
  ];
  for (const { path, method, status } of cases) {
    using client = await ask(path, method);
    expect(client.responses([method]), path).toMatchObject([{ status }]);
    await upstream.requestsFor(path)[0]?.connection.closed;
    client.send("GET /done HTTP/1.1\r\nHost: a.test\r\n\r\n");
    const responses = await client.untilResponses(2, [method]);
    expect(responses[1], path).toMatchObject({ status: 200, body: "done" });
    expect(client.received).not.toContain("forged");
    expect(status === 204 && responses[0]?.headers.has("content-length")).toBe(false);
  }
});

test("70 a trickle lives as long as it moves and is cut at the idle timeout", async () => {
  const startedMs = performance.now();
  using client = new RawClient(serin.port);
  client.send("GET /trickle HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await client.untilClosed();
  const tookMs = performance.now() - startedMs;
  // Ten bytes over a second, then silence.
  expect(client.received.endsWith("\r\n\r\nxxxxxxxxxx")).toBe(true);
  expect(tookMs).toBeGreaterThan(1_900);
  expect(tookMs).toBeLessThan(5_000);
  expect(await serin.sumMetric("serin_upstream_failures_total", 'version="v1"', 'kind="body_timeout"')).toBe(
    1,
  );
});

test("70 a client that does not read holds the upstream back instead of filling memory", async () => {
  const socket = connect(serin.port, "127.0.0.1");
  socket.pause();
  socket.write("GET /fire-hose HTTP/1.1\r\nHost: a.test\r\n\r\n");
  // Held back: what leaves the upstream stops growing while the client sits there.
  let before = -1;
  await expect
    .poll(
      () => {
        const stopped = hosed > 0 && hosed === before;
        before = hosed;
        return stopped;
      },
      { interval: 200, timeout: 5_000 },
    )
    .toBe(true);
  expect(hosed).toBeLessThan(FIRE_HOSE_BYTES / 2);
  const memory = await serin.metric("process_resident_memory_bytes");
  expect(memory).toBeLessThan(400 * 1024 * 1024);
  socket.destroy();
  await upstream.requestsFor("/fire-hose")[0]?.connection.closed;
});

test("71 a request that meets a stale socket is sent once more when idempotent and bodyless, else answered 502", async () => {
  const retries = await serin.sumMetric("serin_retries_total");
  const failures = await serin.sumMetric("serin_upstream_failures_total", 'kind="reset"');
  using client = await ask("/stale");
  client.send("GET /stale HTTP/1.1\r\nHost: a.test\r\n\r\n");
  expect(await client.untilResponses(2)).toMatchObject([{ body: "done" }, { status: 200, body: "done" }]);
  expect(await serin.sumMetric("serin_retries_total")).toBe(retries + 1);
  // A stale socket says nothing about the version.
  expect(await serin.sumMetric("serin_upstream_failures_total", 'kind="reset"')).toBe(failures);
  client.send("POST /stale HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi");
  const [, , third] = await client.untilResponses(3);
  expect(third?.status).toBe(502);
  expect(await serin.sumMetric("serin_retries_total")).toBe(retries + 1);
  expect(await serin.sumMetric("serin_upstream_failures_total", 'kind="reset"')).toBe(failures + 1);
});

test("72 an answer that comes during the upload is relayed, and the connections close", async () => {
  using client = new RawClient(serin.port);
  client.send("POST /early HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\nfirst bytes");
  const [response] = await client.untilResponses(1);
  expect(response).toMatchObject({ status: 403, body: "no" });
  expect(response?.headers.get("connection")).toBe("close");
  // The client goes on sending for a moment: no reset takes the answer away from it.
  client.send("x".repeat(100_000));
  await client.untilClosed();
  expect(client.failed).toBe(false);
  await upstream.requestsFor("/early")[0]?.connection.closed;
  using next = await ask("/done");
  expect(next.responses()).toMatchObject([{ status: 200, body: "done" }]);
});
