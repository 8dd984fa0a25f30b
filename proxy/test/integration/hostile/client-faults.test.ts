import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HostileStage } from "../../process/hostile-stage.ts";

const HEADERS_TIMEOUT_MS = 700;
const IDLE_TIMEOUT_MS = 1_000;
const KIBIBYTE = "a".repeat(1_024);
const DOWNLOAD_KIB = 200 * 1_024;

let stage: HostileStage;
/** Kibibytes that the upstream has got rid of in a download. */
let writtenKiB = 0;
/** Connections of requests for /wait, to be answered when the test says so. */
let waiting: Socket[] = [];

beforeAll(async () => {
  stage = await HostileStage.start(
    ["limits:", `  headersTimeoutMs: ${HEADERS_TIMEOUT_MS}`, `  idleTimeoutMs: ${IDLE_TIMEOUT_MS}`, ""].join(
      "\n",
    ),
    (socket, request) => {
      if (request.target === "/wait") waiting.push(socket);
      else if (request.target === "/download") download(socket);
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    },
  );
});

afterEach(async () => {
  await stage.expectUnharmed();
  stage.upstream.take();
  waiting = [];
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

function download(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${DOWNLOAD_KIB * 1_024}\r\n\r\n`);
  writtenKiB = 0;
  const write = (): void => {
    while (writtenKiB < DOWNLOAD_KIB && socket.writable) {
      writtenKiB += 64;
      if (!socket.write(KIBIBYTE.repeat(64))) return;
    }
    socket.removeListener("drain", write);
  };
  socket.on("drain", write);
  write();
}

const POST = "POST /upload HTTP/1.1\r\nHost: a.test\r\n";
const GET = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

function answerWaiting(): void {
  for (const socket of waiting.splice(0)) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}

async function closed(socket: Socket | undefined): Promise<void> {
  if (socket !== undefined && !socket.closed) await once(socket, "close");
}

test("76 a header that does not come in time is answered 408 and closed, and others are not affected", async () => {
  using slow = stage.connect();
  slow.send("GET / HTTP/1.1\r\nHost: a.test\r\nX-A:");
  using silent = stage.connect();
  const drip = (async () => {
    while (!slow.ended) {
      await pause(50);
      if (!slow.ended) slow.send("a");
    }
  })();
  const startedMs = performance.now();
  while (!slow.ended) await stage.pass(GET);
  await Promise.all([slow.untilClosed(), silent.untilClosed(), drip]);
  expect(performance.now() - startedMs).toBeLessThan(HEADERS_TIMEOUT_MS * 5);
  expect(slow.responses().map((response) => response.status)).toEqual([408]);
});

test("76 a second header that does not come in time is answered 408 after the first answer", async () => {
  using client = stage.connect();
  client.send(`${GET}GET /second HTTP/1.1\r\nHost:`);
  await client.untilClosed();
  expect(client.responses().map((response) => response.status)).toEqual([200, 408]);
});

test.each(["Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])(
  "77 a body that stops coming (%j) is answered 408 at the idle deadline, and the upstream let go",
  async (rest) => {
    using client = stage.connect();
    const startedMs = performance.now();
    client.send(`${POST}${rest}`);
    await client.untilClosed();
    const tookMs = performance.now() - startedMs;
    expect(client.responses().map((response) => response.status)).toEqual([408]);
    expect(tookMs).toBeGreaterThan(IDLE_TIMEOUT_MS * 0.9);
    expect(tookMs).toBeLessThan(IDLE_TIMEOUT_MS * 3);
    await stage.upstream.until(({ aborted }) => aborted === 1);
  },
);

test("77 a slow upload that moves lives past the idle deadline", async () => {
  using client = stage.connect();
  client.send(`${POST}Content-Length: 16\r\n\r\n`);
  for (let sent = 0; sent < 16; sent += 1) {
    await pause(150);
    client.send("a");
  }
  const [response] = await client.untilResponses(1);
  expect(response?.status).toBe(200);
  expect(stage.upstream.take().requests[0]?.body).toBe("a".repeat(16));
});

test("78 a reader that stops reading is cut at the deadline, with a bounded buffer", async () => {
  using client = stage.connect();
  client.send("GET /download HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await client.until(() => client.received.length > 0);
  client.socket.pause();
  const line = await stage.serin.waitForLog((candidate) => candidate["path"] === "/download");
  expect(line).toMatchObject({ status: 499, failure: "client_closed" });
  // What the kernel's and the streams' buffers hold, of 200 MiB.
  expect(writtenKiB).toBeLessThan(48 * 1_024);
  const memory = await stage.serin.metric("process_resident_memory_bytes");
  expect(memory).toBeLessThan(400 * 1_024 * 1_024);
});

test("78 a slow reader that goes on reading gets everything", async () => {
  using client = stage.connect();
  client.send("GET /download HTTP/1.1\r\nHost: a.test\r\n\r\n");
  let read = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (data: Buffer) => {
    read += data.length;
    // Four pauses, each short of the deadline, together well past it.
    if (Math.floor(read / 40_000_000) > Math.floor((read - data.length) / 40_000_000)) {
      client.socket.pause();
      setTimeout(() => client.socket.resume(), IDLE_TIMEOUT_MS * 0.4);
    }
    if (read > DOWNLOAD_KIB * 1_024) client.socket.end();
  });
  await client.untilClosed();
  expect(read).toBeGreaterThan(DOWNLOAD_KIB * 1_024);
}, 20_000);

test("79 a client that goes away in its upload aborts the upstream request and counts as 499", async () => {
  using client = stage.connect();
  client.send(`POST /abort-up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nabc`);
  await stage.upstream.until(({ bytes }) => bytes.includes("abc"));
  client.socket.resetAndDestroy();
  await stage.upstream.until(({ aborted }) => aborted === 1);
  const line = await stage.serin.waitForLog((candidate) => candidate["path"] === "/abort-up");
  expect(line).toMatchObject({ status: 499, failure: "client_closed" });
});

test("79 a client that half-closes in the middle of its body has gone away as well", async () => {
  using client = stage.connect();
  client.send(`POST /half-up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nabc`);
  await stage.upstream.until(({ bytes }) => bytes.includes("abc"));
  client.socket.end();
  await stage.upstream.until(({ aborted }) => aborted === 1);
  const line = await stage.serin.waitForLog((candidate) => candidate["path"] === "/half-up");
  expect(line["status"]).toBe(499);
});

test("79 a client that goes away in its download, or while it waits, frees the upstream and leaks nothing", async () => {
  using reading = stage.connect();
  reading.send("GET /download HTTP/1.1\r\nHost: a.test\r\nUser-Agent: leaver\r\n\r\n");
  await reading.until(() => reading.received.length > 100_000);
  reading.socket.destroy();
  using waiter = stage.connect();
  waiter.send("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await stage.upstream.until(() => waiting.length === 1);
  const gone = closed(waiting[0]);
  waiter.socket.resetAndDestroy();
  await gone;
  await stage.serin.waitForLog((line) => line["agent"] === "leaver" && line["status"] === 499);
  await stage.serin.waitForLog((line) => line["path"] === "/wait" && line["status"] === 499);
  expect(await stage.serin.sumMetric("serin_in_flight")).toBe(0);
  expect(await stage.serin.sumMetric("serin_upstream_failures_total")).toBe(0);
});

test("80 a client that half-closes after its request still gets the answer", async () => {
  using client = stage.connect({ allowHalfOpen: true });
  client.send("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
  client.socket.end();
  await stage.upstream.until(() => waiting.length === 1);
  await pause(50);
  answerWaiting();
  await client.untilClosed();
  expect(client.responses()[0]).toMatchObject({ status: 200, body: "ok" });
});

test("80 a half-closed client whose answer does not come is given up at the idle deadline", async () => {
  using client = stage.connect({ allowHalfOpen: true });
  client.send("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
  client.socket.end();
  await stage.upstream.until(() => waiting.length === 1);
  await closed(waiting[0]);
  await client.untilClosed();
  expect(client.received).toBe("");
});
