import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FaultyUpstream } from "../../process/faulty-upstream.ts";
import type { FaultyScript } from "../../process/faulty-upstream.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";

const ACCEPTED =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: abc\r\n\r\n";

/** Sockets of open tunnels by path, as the upstream sees them. */
const open = new Map<string, Socket>();

function accepts(more = ""): FaultyScript {
  return (socket, { target }) => {
    open.set(target, socket);
    socket.write(ACCEPTED + more);
  };
}

const scripts: Record<string, FaultyScript> = {
  "/refused": (socket) =>
    socket.write("HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 7\r\n\r\nno, sir"),
  "/refused-chunked": (socket) =>
    socket.write("HTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\n\r\n3\r\nwho\r\n0\r\n\r\n"),
  "/refused-short": (socket) => socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 70\r\n\r\nno, s"),
  "/reset": (socket) => socket.resetAndDestroy(),
  "/wrong-protocol": (socket) =>
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
  "/continue": (socket, { target }) => {
    open.set(target, socket);
    socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ACCEPTED}`);
  },
  "/never": () => undefined,
  "/early": accepts("early from behind"),
  "/echo": (socket, request) => {
    accepts()(socket, request);
    socket.on("data", (data: Buffer) => socket.write(data));
  },
  "/open": accepts(),
  "/idle": accepts(),
  "/last-words": (socket) => {
    socket.write(ACCEPTED);
    socket.end("x".repeat(1_000_000));
  },
};

let upstream: FaultyUpstream;
let serin: SerinProcess;

beforeAll(async () => {
  upstream = await FaultyUpstream.start(scripts, { allowHalfOpen: true });
  const config = `workers: 1
split: { issueCookie: false }
limits: { tunnelIdleTimeoutMs: 1000 }
upstreams:
  v1: { url: "${upstream.url}", headersTimeoutMs: 800 }
  v2: { url: "${upstream.url}" }
`;
  serin = await SerinProcess.start(config);
});

afterEach(async () => {
  // Both sockets of every tunnel are freed, whatever ended it.
  await expect.poll(() => serin.sumMetric("serin_tunnels_active"), { timeout: 5_000 }).toBe(0);
  await expect.poll(() => serin.sumMetric("serin_in_flight"), { timeout: 5_000 }).toBe(0);
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(0);
  expect(serin.log.filter((line) => line["level"] === "error")).toEqual([]);
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

function knock(path: string, early = ""): RawClient {
  const client = new RawClient(serin.port, { allowHalfOpen: true });
  client.send(
    `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n${early}`,
  );
  return client;
}

async function openTunnel(path: string): Promise<{ client: RawClient; behind: Socket }> {
  const client = knock(path);
  await client.until(() => client.received.includes("\r\n\r\n"));
  expect(client.received).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
  const behind = open.get(path);
  if (behind === undefined) throw new Error(`no tunnel to ${path} arrived`);
  return { client, behind };
}

test("73 a refused WebSocket gets the upstream's status, headers and body, and a close", async () => {
  using refused = knock("/refused");
  await refused.untilClosed();
  expect(refused.received).toMatch(/^HTTP\/1\.1 403 Forbidden\r\ncontent-type: text\/plain\r\n/);
  expect(refused.received).toMatch(/\r\nconnection: close\r\n/);
  expect(refused.received).toMatch(/\r\n\r\nno, sir$/);
  using chunked = knock("/refused-chunked");
  await chunked.untilClosed();
  expect(chunked.received).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n[\s\S]*\r\n\r\nwho$/);
  using short = knock("/refused-short");
  await short.untilClosed();
  expect(short.received).toMatch(/^HTTP\/1\.1 403 /);
  expect(short.received.length).toBeLessThan(400);
});

test("73 a WebSocket whose upstream resets, speaks another protocol or says nothing gets 502 or 504", async () => {
  for (const [path, status] of [
    ["/reset", 502],
    ["/wrong-protocol", 502],
    ["/never", 504],
  ] as const) {
    using client = knock(path);
    await client.untilClosed();
    expect(client.responses()[0]?.status, path).toBe(status);
    const request = upstream.requestsFor(path)[0];
    request?.connection.socket.end();
    await request?.connection.closed;
  }
});

test("73 bytes that come early are kept in both directions, also behind a 100 Continue", async () => {
  using late = knock("/early", "early from the front");
  await late.until(() => late.received.endsWith("early from behind"));
  const behind = upstream.requestsFor("/early")[0]?.connection;
  await expect.poll(() => behind?.received.endsWith("\r\n\r\nearly from the front")).toBe(true);
  using echo = knock("/echo", "hello ");
  await echo.until(() => echo.received.endsWith("hello "));
  echo.send("again");
  await echo.until(() => echo.received.endsWith("hello again"));
  expect(await serin.sumMetric("serin_tunnels_active", 'version="v1"')).toBe(2);
  late.socket.destroy();
  echo.socket.destroy();
  behind?.socket.destroy();
  open.get("/echo")?.destroy();
  const { client } = await openTunnel("/continue");
  client.socket.destroy();
});

test("73 each direction of a WebSocket ends by itself", async () => {
  const { client, behind } = await openTunnel("/open");
  const heardBehind: Buffer[] = [];
  behind.on("data", (data: Buffer) => heardBehind.push(data));
  // The client has said all it has to say, and still listens.
  client.socket.end("goodbye");
  await once(behind, "end");
  expect(Buffer.concat(heardBehind).toString()).toContain("goodbye");
  behind.end("farewell");
  await client.until(() => client.received.endsWith("farewell"));
  await client.untilClosed();
  expect(client.failed).toBe(false);
});

test("73 what an upstream sends last arrives whole although it closes at once", async () => {
  using client = knock("/last-words");
  client.socket.on("end", () => client.socket.end());
  await client.untilClosed();
  expect(client.received.length - client.received.indexOf("\r\n\r\n") - 4).toBe(1_000_000);
});

test("73 a reset on either side of a WebSocket ends the other", async () => {
  const front = await openTunnel("/open");
  front.behind.resume();
  const gone = once(front.behind, "end");
  front.client.socket.resetAndDestroy();
  await gone;
  front.behind.destroy();
  const back = await openTunnel("/open");
  back.behind.resetAndDestroy();
  await back.client.untilClosed();
  expect(front.behind.destroyed).toBe(true);
  expect(back.client.received).toMatch(/\r\n\r\n$/);
});

test("73 a WebSocket that is silent for too long is closed, one that talks is not", async () => {
  const talking = await openTunnel("/echo");
  const silent = await openTunnel("/idle");
  const startedMs = performance.now();
  const timer = setInterval(() => talking.client.send("."), 200);
  silent.client.socket.on("end", () => silent.client.socket.end());
  await silent.client.untilClosed();
  expect(performance.now() - startedMs).toBeGreaterThan(800);
  await expect.poll(() => talking.client.received.endsWith("........"), { timeout: 4_000 }).toBe(true);
  expect(talking.client.ended).toBe(false);
  clearInterval(timer);
  talking.client.socket.destroy();
});
