import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HostileStage } from "../../process/hostile-stage.ts";
import { valuesOf } from "../../process/strict-parser.ts";
import type { ParsedRequest } from "../../process/strict-parser.ts";

let stage: HostileStage;
/** The same, with the test's own address among the trusted. */
let trusting: HostileStage;

const CONFIG = "split:\n  identity: [header:X-User-Id, jwt:sub, cookie:serin_id]\n  percentage: 50\n";
const TRUST = "trustedNetworks: [127.0.0.0/8, 10.0.0.0/8]\n";

beforeAll(async () => {
  [stage, trusting] = await Promise.all([
    HostileStage.start(CONFIG, (socket, request) => {
      if (request.target === "/trailer") {
        socket.write("HTTP/1.1 200 OK\r\ntrailer: X-Sum\r\ncontent-length: 2\r\n\r\nok");
      } else if (request.target === "/trailer-204") {
        socket.write("HTTP/1.1 204 No Content\r\ntrailer: X-Sum\r\n\r\n");
      } else if (request.target === "/hop") {
        socket.write(
          "HTTP/1.1 200 OK\r\nkeep-alive: timeout=5\r\nproxy-connection: x\r\nte: trailers\r\nupgrade: h2c\r\n" +
            "connection: keep-alive, x-gone\r\nx-gone: 1\r\nx-stays: 1\r\ncontent-length: 2\r\n\r\nok",
        );
      } else {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      }
    }),
    HostileStage.start(`${CONFIG}${TRUST}`),
  ]);
});

afterEach(async () => {
  await stage.expectUnharmed();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await trusting?.[Symbol.asyncDispose]();
});

/** A GET with these header lines. */
function get(...lines: readonly string[]): string {
  return ["GET / HTTP/1.1", "Host: a.test", ...lines, "", ""].join("\r\n");
}

function names(request: ParsedRequest): string[] {
  return request.headers.map(([name]) => name);
}

test("42 a header that Connection nominates is stripped, and the connection closed if it says so", async () => {
  const { request, response } = await stage.pass(get("Connection: close, X-Foo", "X-Foo: 1", "X-Bar: 2"));
  expect(names(request)).not.toContain("x-foo");
  expect(valuesOf(request.headers, "x-bar")).toEqual(["2"]);
  expect(response.headers.get("connection")).toBe("close");
});

test("43 Connection cannot nominate away Host, framing, identity or our own headers", async () => {
  const { request } = await stage.pass(
    [
      "POST / HTTP/1.1",
      "Host: a.test",
      "Connection: X-Forwarded-For, Host, Content-Length, X-User-Id, Authorization, Cookie, Via, X-Request-Id",
      "X-User-Id: user-42",
      "Authorization: Bearer x",
      "Cookie: a=b",
      "Content-Length: 3",
      "",
      "abc",
    ].join("\r\n"),
  );
  expect(request.body).toBe("abc");
  expect(valuesOf(request.headers, "host")).toEqual(["a.test"]);
  expect(valuesOf(request.headers, "x-user-id")).toEqual(["user-42"]);
  expect(valuesOf(request.headers, "authorization")).toEqual(["Bearer x"]);
  expect(valuesOf(request.headers, "cookie")).toEqual(["a=b"]);
  expect(valuesOf(request.headers, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(request.headers, "via")).toEqual(["1.1 serin"]);
  expect(valuesOf(request.headers, "x-request-id")).toHaveLength(1);
});

test("44 hop-by-hop headers are stripped on the way there", async () => {
  const { request } = await stage.pass(
    get("Keep-Alive: 5", "Proxy-Connection: keep-alive", "TE: trailers", "Upgrade: h2c", "HTTP2-Settings: x"),
  );
  for (const name of ["keep-alive", "proxy-connection", "te", "upgrade", "http2-settings"])
    expect(names(request)).not.toContain(name);
});

test("44 hop-by-hop headers are stripped on the way back", async () => {
  const { response } = await stage.pass("GET /hop HTTP/1.1\r\nHost: a.test\r\n\r\n");
  for (const name of ["proxy-connection", "te", "upgrade", "x-gone"])
    expect([name, response.headers.has(name)]).toEqual([name, false]);
  expect(response.headers.get("keep-alive")).not.toBe("timeout=5");
  expect(response.headers.get("x-stays")).toBe("1");
});

test("45 Trailer without chunks is dropped, from the client, from the upstream and on 204", async () => {
  const { request } = await stage.pass(get("Trailer: X-Sum"));
  expect(names(request)).not.toContain("trailer");
  const { response } = await stage.pass("GET /trailer HTTP/1.1\r\nHost: a.test\r\n\r\n");
  expect(response.headers.has("trailer")).toBe(false);
  using client = stage.connect();
  client.send("GET /trailer-204 HTTP/1.1\r\nHost: a.test\r\n\r\n");
  const [empty] = await client.untilResponses(1);
  expect(empty?.status).toBe(204);
  expect(empty?.headers.has("trailer")).toBe(false);
});

test.each(["h2c", "TLS/1.0", "websocket2", "h2c, websocket", "foo/2"])(
  "46 Upgrade: %s is not upgraded but answered as an ordinary request",
  async (protocol) => {
    const { request, response } = await stage.pass(
      get(`Upgrade: ${protocol}`, "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"),
    );
    expect(response.status).toBe(200);
    expect(names(request)).not.toContain("upgrade");
    expect(valuesOf(request.headers, "connection")).toEqual(["keep-alive"]);
    expect(names(request)).not.toContain("http2-settings");
  },
);

test("46 an Upgrade request with a body is answered 400 and closed", async () => {
  for (const protocol of ["websocket", "h2c"]) {
    const upgrade = `Upgrade: ${protocol}\r\nConnection: Upgrade\r\n`;
    const line = `GET / HTTP/1.1\r\nHost: a.test\r\n${upgrade}`;
    await stage.expectKeptOut(`${line}Content-Length: 10\r\n\r\nabc`, 400);
    await stage.expectKeptOut(`${line}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, 400);
  }
});

const FORGED = [
  "X-Forwarded-For: 6.6.6.6",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.test",
  "X-Forwarded-Port: 443",
  "X-Forwarded-Prefix: /x",
  "Forwarded: for=6.6.6.6",
  "X-Real-IP: 6.6.6.6",
  "X-Request-Id: forged",
];

test("47 forged X-Forwarded-* and Forwarded from an untrusted peer are overwritten or dropped", async () => {
  const { request } = await stage.pass(get(...FORGED));
  expect(valuesOf(request.headers, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(request.headers, "x-forwarded-proto")).toEqual(["http"]);
  expect(valuesOf(request.headers, "x-forwarded-host")).toEqual(["a.test"]);
  for (const name of ["x-forwarded-port", "x-forwarded-prefix", "forwarded", "x-real-ip"])
    expect(names(request)).not.toContain(name);
  expect(valuesOf(request.headers, "x-request-id")).not.toEqual(["forged"]);
});

test("47 a trusted peer's word is kept and ours appended", async () => {
  const { request } = await trusting.pass(get(...FORGED));
  expect(valuesOf(request.headers, "x-forwarded-for")).toEqual(["6.6.6.6, 127.0.0.1"]);
  expect(valuesOf(request.headers, "x-forwarded-proto")).toEqual(["https"]);
  expect(valuesOf(request.headers, "x-forwarded-host")).toEqual(["evil.test"]);
  expect(valuesOf(request.headers, "x-forwarded-port")).toEqual(["443"]);
  expect(valuesOf(request.headers, "forwarded")).toEqual([
    'for=6.6.6.6, for=127.0.0.1;host="a.test";proto=http',
  ]);
  expect(valuesOf(request.headers, "x-request-id")).toEqual(["forged"]);
  const line = await trusting.serin.waitForLog((candidate) => candidate["id"] === "forged");
  expect(line["client"]).toBe("6.6.6.6");
});

test("47 the client address is the last one that no trusted peer vouches for", async () => {
  const { response } = await trusting.pass(get("X-Forwarded-For: 6.6.6.6, 7.7.7.7, 10.1.2.3"));
  const id = response.headers.get("x-request-id");
  const line = await trusting.serin.waitForLog((candidate) => candidate["id"] === id);
  expect(line["client"]).toBe("7.7.7.7");
});

test("48 underscore twins of our headers and of identity headers are dropped", async () => {
  const twins = [
    "X_Forwarded_For",
    "X-Forwarded_For",
    "X_Forwarded_Proto",
    "X_Request_Id",
    "X_Canary",
    "X_Canary_Version",
    "X_User_Id",
    "X-User_Id",
    "Content_Length",
    "Transfer_Encoding",
    "X_Real_IP",
  ];
  const { request } = await stage.pass(get(...twins.map((name) => `${name}: 1`), "My_Own: 2"));
  expect(names(request).filter((name) => name.includes("_"))).toEqual(["my_own"]);
});

test("49 a canary override from outside is ignored and stripped, as a header and as a cookie", async () => {
  // user-1 has point 953335: v1 at 50 %.
  const { request, response } = await stage.pass(
    get(
      "X-User-Id: user-1",
      "X-Canary: always",
      "X-Canary-Token: guess",
      "Cookie: a=b; x-canary=always; c=d",
    ),
  );
  expect(response.headers.get("x-canary-version")).toBe("v1");
  expect(names(request)).not.toContain("x-canary");
  expect(names(request)).not.toContain("x-canary-token");
  expect(valuesOf(request.headers, "cookie")).toEqual(["a=b; c=d"]);
  const only = await stage.pass(get("X-User-Id: user-1", "Cookie: x-canary=always", "X-Canary-Version: v2"));
  expect(names(only.request)).not.toContain("cookie");
  expect(names(only.request)).not.toContain("x-canary-version");
});

test("49 a canary override from a trusted network is honoured and stripped", async () => {
  const header = await trusting.pass(get("X-User-Id: user-1", "X-Canary: always"));
  expect(header.response.headers.get("x-canary-version")).toBe("v2");
  expect(names(header.request)).not.toContain("x-canary");
  const cookie = await trusting.pass(get("X-User-Id: user-1", "Cookie: x-canary=always"));
  expect(cookie.response.headers.get("x-canary-version")).toBe("v2");
});

test.each([
  "serin_id=__proto__",
  "serin_id=constructor",
  `serin_id=${"a".repeat(4_000)}`,
  "serin_id=%00%ff",
  'serin_id="',
  "serin_id=\x80\xff\xfe",
  "=;;;=;serin_id",
  "serin_id=a; serin_id=b",
  "serin_id=",
  "__proto__=serin_id",
  ";".repeat(4_000),
])("50 the cookie %j makes a user like any other, never an error", async (cookie) => {
  const { response } = await stage.pass(get(`Cookie: ${cookie}`));
  expect(["v1", "v2"]).toContain(response.headers.get("x-canary-version"));
});

test("50 a cookie that is sent twice with two values makes a new user", async () => {
  const { response } = await stage.pass(get("Cookie: serin_id=a; serin_id=b"));
  expect(response.headers.get("set-cookie")).toMatch(/^serin_id=[\w-]{22};/);
  const lines = await stage.pass(get("Cookie: serin_id=a", "Cookie: serin_id=b"));
  expect(lines.response.headers.get("set-cookie")).toMatch(/^serin_id=[\w-]{22};/);
});

test.each(["e30", "bnVsbA", "W10", "eyJzdWIiOnt9fQ", "%%%", "", "a".repeat(9_000)])(
  "50 the token with the payload %j yields no identity and no error",
  async (payload) => {
    const { response } = await stage.pass(get(`Authorization: Bearer a.${payload}.c`));
    expect(response.headers.get("set-cookie")).toMatch(/^serin_id=/);
  },
);

test("51 TRACE and OPTIONS with Max-Forwards: 0 are answered here", async () => {
  stage.upstream.take();
  using client = stage.connect();
  client.send(
    "TRACE /x HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\nCookie: secret=1\r\nAuthorization: secret\r\n\r\n" +
      "OPTIONS /x HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n",
  );
  const [trace, options] = await client.untilResponses(2);
  expect(trace?.status).toBe(200);
  expect(trace?.headers.get("content-type")).toBe("message/http");
  expect(trace?.body).toBe("TRACE /x HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n");
  expect(options?.status).toBe(204);
  expect(options?.headers.get("allow")).toContain("OPTIONS");
  expect(stage.upstream.take().bytes).toBe("");
});

test("51 OPTIONS with hops left is forwarded with one less, and TRACE is answered 405", async () => {
  const options = "OPTIONS /x HTTP/1.1\r\nHost: a.test\r\n";
  const { request } = await stage.pass(`${options}Max-Forwards: 7\r\n\r\n`);
  expect(valuesOf(request.headers, "max-forwards")).toEqual(["6"]);
  await stage.expectKeptOut(`${options}Max-Forwards: -1\r\n\r\n`, 400);
  await stage.expectKeptOut("TRACE / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 1\r\n\r\n", 405);
  await stage.expectKeptOut("TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n", 405);
});

test("55 a Via that names us is a loop and answered 508", async () => {
  await stage.expectKeptOut(get("Via: 1.1 serin"), 508);
  await stage.expectKeptOut(get("Via: 1.0 a, 1.1 SERIN (comment), 1.1 b"), 508);
  await stage.expectKeptOut(get("Via: 1.0 a", "Via: HTTP/1.1\tserin"), 508);
  const { request } = await stage.pass(get("Via: 1.1 other, 1.1 serinade"));
  expect(valuesOf(request.headers, "via")).toEqual(["1.1 other, 1.1 serinade, 1.1 serin"]);
});
