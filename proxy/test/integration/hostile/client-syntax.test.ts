import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HostileStage } from "../../process/hostile-stage.ts";
import { valuesOf } from "../../process/strict-parser.ts";

let stage: HostileStage;

beforeAll(async () => {
  stage = await HostileStage.start(
    "limits:\n  maxBodyBytes: 1000\nroutes:\n  - name: private\n    prefix: /private/\n",
    (socket, request) => {
      if (request.target === "/in-chunks")
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nend\r\n0\r\n\r\n");
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    },
  );
});

afterEach(async () => {
  await stage.expectUnharmed();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const HOST = "Host: a.test\r\n";

/** A GET with these header lines, each ended as given. */
function get(lines: string): string {
  return `GET / HTTP/1.1\r\n${HOST}${lines}\r\n`;
}

test("22 a bare CR in a header is answered 400 and closed", async () => {
  await stage.expectKeptOut(get("X-A: a\rb\r\n"), 400);
  await stage.expectKeptOut(get("X-A: a\r\r\n"), 400);
  await stage.expectKeptOut(`GET / HTTP/1.1\r${HOST}\r\n`, 400);
});

test("23 NUL or LF in a header value is answered 400 and closed", async () => {
  await stage.expectKeptOut(get("X-A: a\0b\r\n"), 400);
  await stage.expectKeptOut(get("X-A: a\nb\r\n"), 400);
  await stage.expectKeptOut(get("X-A: a\nX-B: b\r\n"), 400);
  await stage.expectKeptOut(get("X-A: a\x7fb\r\n"), 400);
});

test("24 a header value continued on the next line is answered 400 and closed", async () => {
  await stage.expectKeptOut(get("X-A: a\r\n b\r\n"), 400);
  await stage.expectKeptOut(get("X-A: a\r\n\tb\r\n"), 400);
});

test.each(["X A: b", "X-A : b", ": b", "X-A", "X\x80: b", 'X"A: b', "X(A): b", "X\x01A: b", "X/A: b"])(
  "25 the header line %j is answered 400 and closed",
  async (line) => {
    await stage.expectKeptOut(get(`${line}\r\n`), 400);
  },
);

test("26 a first header line that starts with a space is answered 400 and closed", async () => {
  await stage.expectKeptOut(`GET / HTTP/1.1\r\n ${HOST}\r\n`, 400);
  await stage.expectKeptOut(`GET / HTTP/1.1\r\n X-A: b\r\n${HOST}\r\n`, 400);
  await stage.expectKeptOut(`GET / HTTP/1.1\r\n\t${HOST}\r\n`, 400);
});

test("27 HTTP/1.1 without Host is answered 400 and closed", async () => {
  await stage.expectKeptOut("GET / HTTP/1.1\r\n\r\n", 400);
  await stage.expectKeptOut("GET http://a.test/ HTTP/1.1\r\n\r\n", 400);
});

test("28 two Host lines, even equal, are answered 400 and closed", async () => {
  await stage.expectKeptOut(get("Host: b.test\r\n"), 400);
  await stage.expectKeptOut(get("Host: a.test\r\n"), 400);
  await stage.expectKeptOut(get("host: a.test\r\n"), 400);
});

test.each([
  "u@a.test",
  "a.test/path",
  "a.test, b.test",
  "a.test,b.test",
  "a.test:99999",
  "a.test:8x",
  "a.test:-1",
  "a b",
  "",
  "[::1",
  "[g::1]",
  "::1",
  "a.test?x",
  "a.test#x",
  "a\x80",
  "http://a.test",
])("29 the Host %j is answered 400 and closed", async (host) => {
  await stage.expectKeptOut(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400);
});

test.each([
  "a.test",
  "a.test:",
  "a.test:8000",
  "127.0.0.1:1",
  "[::1]:80",
  "[2001:db8::1]",
  "xn--nxasmq6b_1.test",
])("29 the Host %j passes as it is", async (host) => {
  const { request } = await stage.pass(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  expect(valuesOf(request.headers, "host")).toEqual([host]);
});

test("30 the authority of an absolute-form target replaces Host, and origin-form is forwarded", async () => {
  const { request } = await stage.pass(`GET http://b.test:81/p?q=1 HTTP/1.1\r\n${HOST}\r\n`);
  expect(request.target).toBe("/p?q=1");
  expect(valuesOf(request.headers, "host")).toEqual(["b.test:81"]);
  expect(valuesOf(request.headers, "x-forwarded-host")).toEqual(["b.test:81"]);
  const bare = await stage.pass(`GET HTTP://b.test?q HTTP/1.1\r\n${HOST}\r\n`);
  expect(bare.request.target).toBe("/?q");
});

test.each([
  "http://[::1",
  "http://",
  "http:///p",
  "http://u:p@b.test/",
  "http://b.test:99999/",
  "ftp://b.test/",
  "b.test/p",
  "?q",
  "\\p",
  "http:/p",
  "http://b.test\\@c.test/",
])("31 GET %s is answered 400 and closed", async (target) => {
  await stage.expectKeptOut(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`, 400);
});

test("32 OPTIONS * is answered by Serin and GET * with 400", async () => {
  using client = stage.connect();
  client.send(`OPTIONS * HTTP/1.1\r\n${HOST}\r\nOPTIONS http://a.test HTTP/1.1\r\n${HOST}\r\n`);
  const responses = await client.untilResponses(2);
  for (const response of responses) {
    expect(response.status).toBe(204);
    expect(response.headers.get("allow")).toContain("GET, HEAD");
  }
  expect(responses).toHaveLength(2);
  expect(stage.upstream.take().bytes).toBe("");
  await stage.expectKeptOut(`GET * HTTP/1.1\r\n${HOST}\r\n`, 400);
});

test("33 CONNECT is answered 405 and closed", async () => {
  const response = await stage.expectKeptOut("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", 405);
  expect(response.headers.get("allow")).not.toContain("CONNECT");
  await stage.expectKeptOut("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n\x16\x03\x01junk", 405);
  await stage.expectRefused("CONNECT / HTTP/1.0\r\nContent-Length: 5\r\n\r\nab", 405);
});

test("34 an HTTP/1.0 client gets no chunks, and a close unless it asked to keep the connection", async () => {
  using client = stage.connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  await client.untilClosed();
  const [response] = client.responses();
  expect(response?.status).toBe(200);
  expect(response?.headers.get("connection")).toBe("close");
  const [request] = stage.upstream.take().requests;
  expect(valuesOf(request?.headers ?? [], "host")).toEqual([`127.0.0.1:${stage.upstream.port}`]);

  using keeping = stage.connect();
  keeping.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const [kept] = await keeping.untilResponses(1);
  expect(kept?.headers.get("connection")).toBe("keep-alive");
  keeping.send("GET / HTTP/1.0\r\n\r\n");
  await keeping.untilClosed();
  expect(keeping.responses()).toHaveLength(2);
});

test("34 an answer in chunks reaches an HTTP/1.0 client as plain bytes and a close, even when it would keep the connection", async () => {
  for (const keep of ["", "Connection: keep-alive\r\n"]) {
    using client = stage.connect();
    client.send(`GET /in-chunks HTTP/1.0\r\n${keep}\r\n`);
    await client.untilClosed();
    const [response] = client.responses();
    expect(response?.body).toBe("okend");
    expect(response?.headers.has("transfer-encoding")).toBe(false);
    expect(response?.headers.get("connection")).toBe("close");
  }
});

test("35 HTTP/0.9 is answered 400 and closed", async () => {
  await stage.expectKeptOut("GET /\r\n\r\n", 400);
  await stage.expectKeptOut("GET / HTTP/0.9\r\n\r\n", 400);
  await stage.expectKeptOut("GET /\r\nHost: a.test\r\n\r\n", 400);
});

test("36 HTTP/2.0 in the request line and the HTTP/2 preface are answered 505 and closed", async () => {
  await stage.expectKeptOut(`GET / HTTP/2.0\r\n${HOST}\r\n`, 505);
  await stage.expectKeptOut("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  await stage.expectKeptOut(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0`, 505);
  await stage.expectKeptOut(`GET / HTTP/3.0\r\n${HOST}\r\n`, 505);
});

test.each(["HTTP/1", "HTTP/1.", "HTTP/11.1", "HTTP/1.10", "http/1.1", "ICE/1.0", "HTTP /1.1", "HTTP/1.1 x"])(
  "36 the version %j is refused and closed",
  async (version) => {
    stage.upstream.take();
    using client = stage.connect();
    client.send(`GET / ${version}\r\n${HOST}\r\n`);
    await client.untilClosed();
    expect([400, 505]).toContain(client.responses()[0]?.status);
    expect(stage.upstream.take().bytes).toBe("");
  },
);

test("37 a target of 100 KB is answered 414", async () => {
  const path = `/${"a".repeat(100_000)}`;
  await stage.expectKeptOut(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`, 414);
  await stage.expectKeptOut(`GET http://a.test${path} HTTP/1.1\r\n${HOST}\r\n`, 414);
  await stage.expectKeptOut(`GET ${path.slice(0, 10_000)} HTTP/1.1\r\n${HOST}\r\n`, 414);
});

test("38 a header of 100 KB, or 10,000 headers, are answered 431", async () => {
  await stage.expectKeptOut(get(`X-A: ${"a".repeat(100_000)}\r\n`), 431);
  await stage.expectKeptOut(get(`${"a".repeat(100_000)}: b\r\n`), 431);
  await stage.expectKeptOut(get("A:\r\n".repeat(10_000)), 431);
  await stage.expectKeptOut(get("A:\r\n".repeat(250)), 431);
});

test("39 a body over the limit is answered 413, and the upstream is not left waiting", async () => {
  await stage.expectKeptOut(`POST / HTTP/1.1\r\n${HOST}Content-Length: 1001\r\n\r\nabc`, 413);
  const chunk = `1f4\r\n${"a".repeat(500)}\r\n`;
  stage.upstream.take();
  using client = stage.connect();
  client.send(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunk}`);
  await stage.upstream.until(({ bytes }) => bytes.includes("aaa"));
  client.send(`${chunk}${chunk}`);
  await client.untilClosed();
  expect(client.responses()[0]?.status).toBe(413);
  await stage.upstream.until(({ aborted }) => aborted === 1);
  expect(stage.upstream.take().requests).toEqual([]);
});

test("39 a client that sends all of a too large body before it reads still gets the 413", async () => {
  using client = stage.connect();
  client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 1000000\r\n\r\n`);
  for (let i = 0; i < 10; i += 1) client.send("a".repeat(100_000));
  await client.untilClosed();
  expect(client.responses()[0]?.status).toBe(413);
  expect(client.failed).toBe(false);
});

test("40 of a valid and an invalid request in one packet the first is answered, then the second with 400", async () => {
  stage.upstream.take();
  using client = stage.connect();
  client.send(`GET /first HTTP/1.1\r\n${HOST}\r\nGET /second HTTP/1.1\r\nX A: b\r\n\r\n`);
  await client.untilClosed();
  expect(client.responses().map((response) => response.status)).toEqual([200, 400]);
  expect(stage.upstream.take().requests.map((request) => request.target)).toEqual(["/first"]);
});

test("40 what the guard refuses is answered in its turn, and nothing behind it is looked at", async () => {
  stage.upstream.take();
  using client = stage.connect();
  const first = `GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`;
  client.send(`${first}GET /../3 HTTP/1.1\r\n${HOST}\r\nGET /4 HTTP/1.1\r\n${HOST}\r\n`);
  await client.untilClosed();
  expect(client.responses().map((response) => response.status)).toEqual([200, 200, 400]);
  const targets = stage.upstream.take().requests.map((request) => request.target);
  expect(targets.toSorted()).toEqual(["/1", "/2"]);
});

test("40 CONNECT and HTTP/0.9 behind a valid request wait for its answer", async () => {
  for (const [second, status] of [
    ["CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405],
    ["GET /\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`, 400],
  ] as const) {
    using client = stage.connect();
    client.send(`GET /first HTTP/1.1\r\n${HOST}\r\n${second}`);
    await client.untilClosed();
    expect(client.responses().map((response) => response.status)).toEqual([200, status]);
  }
});

test.each([
  "/a/../b",
  "/..",
  "/.",
  "/a/./b",
  "/%2e%2e/a",
  "/a/%2E./b",
  "/a%2f..%2fb",
  "/a%2Fb",
  "/a%00b",
  "/a%5cb",
  "/a\\b",
  "/a%zz",
  "/a%",
  "/a/..;x/b",
])("41 the path %s, which can be read in two ways, is answered 400", async (path) => {
  await stage.expectKeptOut(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`, 400);
});

test.each([
  ["/%70rivate/a", "/private/a", "private"],
  ["/private/a%20b", "/private/a%20b", "private"],
  ["/private/%c3%a9", "/private/%C3%A9", "private"],
  ["//private/a", "//private/a", "other"],
  ["/PRIVATE/a", "/PRIVATE/a", "other"],
  ["/a;x/private/..x", "/a;x/private/..x", "other"],
  ["/a?b=../%2e%2e/%00", "/a?b=../%2e%2e/%00", "other"],
])("41 the path %s is the same %s for the route and the upstream", async (path, seen, route) => {
  const { request, response } = await stage.pass(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`);
  expect(request.target).toBe(seen);
  const id = response.headers.get("x-request-id");
  const line = await stage.serin.waitForLog((candidate) => candidate["id"] === id);
  expect(line["route"]).toBe(route);
});
