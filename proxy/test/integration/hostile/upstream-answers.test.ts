import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FaultyUpstream } from "../../process/faulty-upstream.ts";
import type { FaultyScript } from "../../process/faulty-upstream.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { configFor } from "../../process/test-upstream.ts";

/** Sends that, one byte per character, and nothing more. */
function says(text: string): FaultyScript {
  return (socket) => socket.write(text, "latin1");
}

function saysAndCloses(text: string): FaultyScript {
  return (socket) => socket.end(text, "latin1");
}

const OK = "HTTP/1.1 200 OK\r\n";
const HINT = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
const DONE = `${OK}content-length: 4\r\n\r\ndone`;

const scripts: Record<string, FaultyScript> = {
  "/short-length": saysAndCloses(`${OK}content-length: 100\r\n\r\nonly this`),
  "/no-last-chunk": saysAndCloses(`${OK}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n`),
  "/bad-chunk": says(`${OK}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n`),
  "/reset-in-body": (socket) => {
    socket.write(`${OK}content-length: 100\r\n\r\nonly this`);
    setTimeout(() => socket.resetAndDestroy(), 50);
  },
  "/reset-without-length": (socket) => {
    socket.write(`${OK}content-type: text/plain\r\n\r\nonly this`);
    setTimeout(() => socket.resetAndDestroy(), 50);
  },
  "/closed-without-length": saysAndCloses(`${OK}content-type: text/plain\r\n\r\nall of it`),
  "/bare-lf-interim": says(`HTTP/1.1 100 Continue\n\r\nx: y\r\n\r\n${DONE}`),
  "/garbage": says("SSH-2.0-OpenSSH_9.9\r\n"),
  "/short-garbage": saysAndCloses("\x00\x01"),
  "/http2": says("HTTP/2.0 200 OK\r\n\r\n"),
  "/status-000": says("HTTP/1.1 000 Zero\r\ncontent-length: 0\r\n\r\n"),
  "/status-099": says("HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n"),
  "/status-600": says("HTTP/1.1 600 High\r\ncontent-length: 0\r\n\r\n"),
  "/status-2xx": says("HTTP/1.1 2xx Odd\r\ncontent-length: 0\r\n\r\n"),
  "/control-in-reason": says("HTTP/1.1 200 O\x01K\r\ncontent-length: 0\r\n\r\n"),
  "/nul-in-value": says(`${OK}x-a: b\x00c\r\ncontent-length: 0\r\n\r\n`),
  "/control-in-value": says(`${OK}x-a: b\x01c\r\ncontent-length: 0\r\n\r\n`),
  "/space-in-name": says(`${OK}x a: b\r\ncontent-length: 0\r\n\r\n`),
  "/two-lengths": says(`${OK}content-length: 4\r\ncontent-length: 5\r\n\r\ndone!`),
  "/equal-lengths": says(`${OK}content-length: 4\r\ncontent-length: 4\r\n\r\ndone`),
  "/length-and-chunked": says(
    `${OK}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\ndone\r\n0\r\n\r\n`,
  ),
  "/chunked-and-length": says(
    `${OK}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n4\r\ndone\r\n0\r\n\r\n`,
  ),
  "/upgrades": says("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"),
  "/bare-101": says("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  "/continue": says(`HTTP/1.1 100 Continue\r\n\r\n${DONE}`),
  "/continue-bytewise": (socket) => {
    const bytes = `HTTP/1.1 100 Continue\r\nx: y\r\n\r\n${HINT}HTTP/1.1 102 Processing\r\n\r\n${DONE}`;
    let at = 0;
    const timer = setInterval(() => {
      socket.write(bytes.charAt(at));
      at += 1;
      if (at === bytes.length) clearInterval(timer);
    }, 1);
  },
  "/hints": says(`${HINT}${DONE}`),
  "/bad-hints": says(`HTTP/1.1 103 Early Hints\r\nLink: no link at all;;\r\n\r\n${DONE}`),
  "/hint-flood": (socket) => {
    for (let i = 0; i < 200; i += 1) socket.write(HINT);
  },
  "/continue-flood": (socket) => {
    for (let i = 0; i < 200; i += 1) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
  },
  "/endless-interim": (socket) => {
    socket.write(`HTTP/1.1 103 Early Hints\r\n${"x-pad: 0123456789\r\n".repeat(2_000)}`);
  },
  "/long-header": says(`${OK}x-long: ${"x".repeat(70_000)}\r\ncontent-length: 0\r\n\r\n`),
  "/many-headers": says(`${OK}${"x-many: 0123456789\r\n".repeat(7_000)}content-length: 0\r\n\r\n`),
  "/utf8": says(
    `${OK}content-disposition: attachment; filename="${Buffer.from("naïve-日本.txt").toString("latin1")}"\r\n` +
      "content-length: 0\r\n\r\n",
  ),
  "/utf8-reason": says(
    `HTTP/1.1 200 ${Buffer.from("Très bien").toString("latin1")}\r\ncontent-length: 0\r\n\r\n`,
  ),
  "/redirect": says(
    "HTTP/1.1 302 Found\r\nlocation: https://elsewhere.test/?a=b\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=2, 3\r\n" +
      "content-length: 0\r\n\r\n",
  ),
  "/reset-content": says("HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n"),
};

let upstream: FaultyUpstream;
let serin: SerinProcess;

beforeAll(async () => {
  upstream = await FaultyUpstream.start(scripts);
  serin = await SerinProcess.start(
    configFor(upstream, upstream, "workers: 1\nsplit: { issueCookie: false }\n"),
  );
});

afterEach(async () => {
  // Whatever came from behind, the worker lives and was never surprised.
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(0);
  expect(serin.log.filter((line) => line["level"] === "error")).toEqual([]);
  expect(serin.stderr).toBe("");
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

function failures(kind: string): Promise<number> {
  return serin.sumMetric("serin_upstream_failures_total", 'version="v1"', `kind="${kind}"`);
}

/** One request on a connection of its own; the client after its answer is whole or cut. */
async function ask(path: string, more = "", method = "GET"): Promise<RawClient> {
  const client = new RawClient(serin.port);
  client.send(`${method} ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`);
  await client.until(() => client.ended || client.responses([method]).length > 0);
  client.socket.destroy();
  return client;
}

async function expectFailed(path: string, code: string): Promise<void> {
  const [response, ...others] = (await ask(path)).responses();
  expect(response?.status, path).toBe(502);
  expect(response?.body, path).toContain(`"code":"${code}"`);
  expect(others).toEqual([]);
}

test("61 an answer that is cut short cuts the client's connection and never looks whole", async () => {
  for (const path of ["/short-length", "/no-last-chunk", "/bad-chunk"]) {
    const before = await failures("truncated");
    const client = await ask(path);
    expect(client.received, path).toMatch(/^HTTP\/1\.1 200 /);
    expect(client.received, path).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(client.ended, path).toBe(true);
    expect(client.received.endsWith("only this") || client.received.includes("half"), path).toBe(true);
    expect(await failures("truncated"), path).toBe(before + 1);
  }
});

test("62 a reset within the body cuts the client's connection and is the version's failure", async () => {
  for (const path of ["/reset-in-body", "/reset-without-length"]) {
    const before = await failures("truncated");
    const client = await ask(path);
    expect(client.received, path).toMatch(/^HTTP\/1\.1 200 [\s\S]*only this/);
    expect(client.received, path).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(client.ended, path).toBe(true);
    expect(await failures("truncated"), path).toBe(before + 1);
  }
  // Without a length only an orderly end is an end.
  expect((await ask("/closed-without-length")).responses()).toMatchObject([
    { status: 200, body: "all of it" },
  ]);
});

test("63 garbage, impossible statuses and control bytes are answered 502", async () => {
  const before = await failures("protocol");
  const paths = [
    "/garbage",
    "/short-garbage",
    "/http2",
    "/status-000",
    "/status-099",
    "/status-600",
    "/status-2xx",
    "/control-in-reason",
    "/nul-in-value",
    "/control-in-value",
    "/space-in-name",
  ];
  for (const path of paths) await expectFailed(path, "upstream_protocol");
  expect(await failures("protocol")).toBe(before + paths.length);
});

test("64 repeated Content-Length, and Content-Length beside Transfer-Encoding, are answered 502", async () => {
  for (const path of ["/two-lengths", "/equal-lengths", "/length-and-chunked", "/chunked-and-length"])
    await expectFailed(path, "upstream_protocol");
});

test("66 a 101 that nobody asked for is answered 502 and ends the socket", async () => {
  for (const path of ["/upgrades", "/bare-101"]) {
    await expectFailed(path, "upstream_protocol");
    await upstream.requestsFor(path)[0]?.connection.closed;
  }
});

test("67 early hints go on to the client, 100 does no harm, and a flood is cut", async () => {
  for (const path of ["/continue", "/continue-bytewise", "/hints", "/bad-hints"]) {
    const [response] = (await ask(path)).responses();
    expect(response, path).toMatchObject({ status: 200, body: "done" });
  }
  const hinted = await ask("/hints");
  expect(hinted.received).toMatch(
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/style\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
  );
  expect((await ask("/continue")).received).not.toContain(" 100 ");
  const old = new RawClient(serin.port);
  old.send("GET /hints HTTP/1.0\r\nHost: a.test\r\n\r\n");
  await old.untilClosed();
  expect(old.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  await expectFailed("/continue-flood", "upstream_protocol");
  await expectFailed("/endless-interim", "upstream_protocol");
  await expectFailed("/bare-lf-interim", "upstream_protocol");
  const flooded = await ask("/hint-flood");
  expect(flooded.responses()[0]?.status).toBe(502);
  expect(flooded.received.split(" 103 ").length - 1).toBeLessThanOrEqual(32);
  for (const path of ["/continue-flood", "/hint-flood", "/endless-interim"])
    await upstream.requestsFor(path)[0]?.connection.closed;
});

test("69 a response header of 70 KB is answered 502", async () => {
  await expectFailed("/long-header", "upstream_protocol");
  await expectFailed("/many-headers", "upstream_protocol");
});

test("74 raw UTF-8 in a header value is relayed byte for byte", async () => {
  const client = await ask("/utf8");
  const [response] = client.responses();
  expect(response?.status).toBe(200);
  const value = Buffer.from(response?.headers.get("content-disposition") ?? "", "latin1").toString("utf8");
  expect(value).toBe('attachment; filename="naïve-日本.txt"');
  expect((await ask("/utf8-reason")).received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test("75 redirects, several Set-Cookie and 205 pass as they are", async () => {
  const client = await ask("/redirect");
  expect(client.received).toMatch(/^HTTP\/1\.1 302 Found\r\n/);
  expect(client.received).toContain("\r\nlocation: https://elsewhere.test/?a=b\r\n");
  expect(client.received).toContain("\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=2, 3\r\n");
  const reset = await ask("/reset-content");
  expect(reset.received).toMatch(/^HTTP\/1\.1 205 Reset Content\r\ncontent-length: 0\r\n/);
});
