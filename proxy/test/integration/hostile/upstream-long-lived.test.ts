import { writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream } from "../../process/test-upstream.ts";

const DRAIN_MS = 1_000;
const SPREAD_MS = 600;
/** Points 953335 and 271938 of the published vectors: on v1 and on v2 at 50 %. */
const ON_V1 = "user-1";
const ON_V2 = "user-42";

let v1: TestUpstream;
let v2: TestUpstream;
let serin: SerinProcess;

beforeAll(async () => {
  v1 = await startVersion("v1");
  v2 = await startVersion("v2");
  serin = await SerinProcess.start(config(50, "keep"));
});

beforeEach(async () => {
  await reload(50, "keep");
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await v1?.[Symbol.asyncDispose]();
  await v2?.[Symbol.asyncDispose]();
});

async function startVersion(name: string): Promise<TestUpstream> {
  const upstream = await TestUpstream.start(name, answer);
  upstream.server.on("upgrade", (_request, socket) => {
    socket.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.pipe(socket);
  });
  return upstream;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === "/quick") {
    response.end("ok");
    return;
  }
  const type = request.url === "/download" ? "application/octet-stream" : "text/event-stream";
  response.writeHead(200, { "content-type": type });
  response.write("data: 1\n\n");
  const timer = setInterval(() => response.write("data: more\n\n"), 50);
  response.on("close", () => clearInterval(timer));
}

function config(percentage: number, onRollback: string): string {
  return `workers: 1
split: { percentage: ${percentage} }
release: { onRollback: ${onRollback}, rollbackSpreadMs: ${SPREAD_MS} }
drain: { timeoutMs: ${DRAIN_MS} }
routes:
  - { name: pinned, prefix: /pinned, pin: v2 }
  - { name: download, prefix: /download, stream: true }
upstreams:
  v1: { url: "${v1.url}" }
  v2: { url: "${v2.url}" }
`;
}

async function reload(percentage: number, onRollback: string): Promise<void> {
  await writeFile(serin.configPath, config(percentage, onRollback));
  const response = await fetch(`${serin.adminUrl}/reload`, { method: "POST" });
  expect(response.ok).toBe(true);
}

async function opened(client: RawClient, mark: string): Promise<RawClient> {
  await client.until(() => client.received.includes(mark));
  return client;
}

function openStream(user: string, path = "/events"): Promise<RawClient> {
  const client = new RawClient(serin.port);
  client.send(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nX-User-Id: ${user}\r\n\r\n`);
  return opened(client, "data: 1");
}

async function openTunnel(user: string, path = "/ws"): Promise<RawClient> {
  const client = new RawClient(serin.port);
  client.send(
    `GET ${path} HTTP/1.1\r\nHost: a.test\r\nX-User-Id: ${user}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await opened(client, "\r\n\r\n");
  expect(client.received).toMatch(/^HTTP\/1\.1 101 /);
  return client;
}

interface Opened {
  readonly onV1: readonly RawClient[];
  readonly onV2: readonly RawClient[];
}

async function openAll(): Promise<Opened> {
  const onV1 = await Promise.all([openStream(ON_V1), openTunnel(ON_V1), openTunnel(ON_V1, "/pinned/ws")]);
  const onV2 = await Promise.all([openStream(ON_V2), openTunnel(ON_V2), openStream(ON_V2, "/download")]);
  return { onV1, onV2 };
}

const LAST_CHUNK = "\r\n0\r\n\r\n";

/** An event stream ends in order, so that its connection lives on; everything else ends with its connection. */
async function untilOver([stream, tunnel, download]: readonly RawClient[]): Promise<void> {
  await stream?.until(() => stream.received.endsWith(LAST_CHUNK));
  await tunnel?.untilClosed();
  await download?.untilClosed();
  expect(stream?.ended).toBe(false);
  // A download that is cut must not look whole.
  expect(download?.received.endsWith(LAST_CHUNK)).toBe(false);
}

function closeAll({ onV1, onV2 }: Opened): void {
  for (const client of [...onV1, ...onV2]) client.socket.destroy();
}

/** That much time passes while the clients' connections stay as they are. */
async function expectOpenFor(clients: readonly RawClient[], ms: number): Promise<void> {
  const closed = Promise.race(clients.map((client) => client.until(() => client.ended, ms)));
  await expect(closed).rejects.toThrow("aborted");
  expect(clients.some((client) => client.ended)).toBe(false);
}

test("events are flushed at once and stay out of the duration histogram, with their time to first byte kept", async () => {
  const durations = await serin.sumMetric("serin_request_duration_seconds_count");
  const ttfbs = await serin.sumMetric("serin_ttfb_seconds_count");
  const startedMs = performance.now();
  const stream = await openStream(ON_V1);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  await stream.until(() => stream.received.includes("data: more"));
  const quick = await fetch(`${serin.url}/quick`, { headers: { "x-user-id": ON_V1 } });
  await quick.text();
  const download = await openStream(ON_V2, "/download");
  stream.socket.destroy();
  download.socket.destroy();
  await expect.poll(() => serin.sumMetric("serin_in_flight")).toBe(0);
  expect(await serin.sumMetric("serin_request_duration_seconds_count")).toBe(durations + 1);
  expect(await serin.sumMetric("serin_ttfb_seconds_count")).toBe(ttfbs + 3);
});

test("a rollback with onRollback: keep leaves v2's tunnels and streams alone", async () => {
  const all = await openAll();
  expect(await serin.sumMetric("serin_tunnels_active", 'version="v2"')).toBe(2);
  await reload(0, "keep");
  await expectOpenFor([...all.onV1, ...all.onV2], DRAIN_MS + SPREAD_MS + 200);
  closeAll(all);
});

test("a rollback with onRollback: close ends v2's tunnels and streams over the spread, and nobody else's", async () => {
  const all = await openAll();
  const startedMs = performance.now();
  await reload(0, "close");
  await untilOver(all.onV2);
  expect(performance.now() - startedMs).toBeLessThan(SPREAD_MS + 1_500);
  await expectOpenFor(all.onV1, 300);
  closeAll(all);
});

test("a rollback with onRollback: drain gives v2's tunnels and streams drain.timeoutMs first", async () => {
  const all = await openAll();
  await reload(0, "drain");
  await expectOpenFor([...all.onV1, ...all.onV2], DRAIN_MS - 200);
  await untilOver(all.onV2);
  await expectOpenFor(all.onV1, 300);
  closeAll(all);
});

test("a weight that comes back in time spares what a rollback was about to close", async () => {
  const all = await openAll();
  await reload(0, "drain");
  await reload(50, "drain");
  await expectOpenFor([...all.onV1, ...all.onV2], DRAIN_MS + SPREAD_MS + 200);
  closeAll(all);
});
