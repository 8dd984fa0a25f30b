import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HostileStage } from "../../process/hostile-stage.ts";
import { valuesOf } from "../../process/strict-parser.ts";

let stage: HostileStage;

beforeAll(async () => {
  stage = await HostileStage.start();
});

afterEach(async () => {
  await stage.expectUnharmed();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const POST = "POST /form HTTP/1.1\r\nHost: a.test\r\n";
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";

/** A chunked POST with that body, byte for byte. */
function chunked(body: string): string {
  return `${POST}Transfer-Encoding: chunked\r\n\r\n${body}`;
}

test("1 Content-Length beside Transfer-Encoding is answered 400 and closed", async () => {
  await stage.expectKeptOut(`${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400);
  await stage.expectKeptOut(`${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`, 400);
});

test("2 Content-Length beside Transfer-Encoding with a second request in the body reaches nobody", async () => {
  const body = `0\r\n\r\n${SMUGGLED}`;
  const length = `Content-Length: ${body.length}\r\n`;
  await stage.expectKeptOut(`${POST}${length}Transfer-Encoding: chunked\r\n\r\n${body}`, 400);
  await stage.expectKeptOut(`${POST}Transfer-Encoding: chunked\r\n${length}\r\n${body}`, 400);
});

test("3 differing Content-Length lines are answered 400 and closed", async () => {
  await stage.expectKeptOut(`${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`, 400);
  await stage.expectKeptOut(`${POST}Content-Length: 5, 6\r\n\r\nabcdef`, 400);
});

test("4 equal Content-Length lines, or two in one line, are answered 400 and closed", async () => {
  await stage.expectKeptOut(`${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde`, 400);
  await stage.expectKeptOut(`${POST}Content-Length: 5, 5\r\n\r\nabcde`, 400);
});

test.each(["+5", "-1", "0x5", "5_0", "", "5 5", "５", "5.0", "\v5", "5\xa0"])(
  "5 Content-Length %j is answered 400 and closed",
  async (length) => {
    const bytes = Buffer.from(length, "utf8").toString("latin1");
    await stage.expectKeptOut(`${POST}Content-Length: ${bytes}\r\n\r\nabcde`, 400);
  },
);

test.each(["9223372036854775808", "18446744073709551617", "1".repeat(400)])(
  "6 Content-Length %s, over 2^63, is answered 400 and closed",
  async (length) => {
    await stage.expectKeptOut(`${POST}Content-Length: ${length}\r\n\r\nabcde`, 400);
  },
);

test.each(["chunked, identity", "chunked, gzip", "identity", "chunked, "])(
  "7 Transfer-Encoding %j, chunked not last, is answered 400 and closed",
  async (coding) => {
    await stage.expectKeptOut(`${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`, 400);
  },
);

test("8 chunked twice is answered 400 and closed", async () => {
  await stage.expectKeptOut(`${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400);
  const twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
  await stage.expectKeptOut(`${POST}${twice}\r\n0\r\n\r\n`, 400);
});

test.each(["gzip", "gzip, chunked", "xchunked", "cow"])(
  "9 the unknown coding %j is answered 501 and closed",
  async (coding) => {
    await stage.expectKeptOut(`${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`, 501);
  },
);

test.each(["\vchunked", "chunked\f", "\x85chunked", "\xa0chunked", "chunked\xa0", "chun\x00ked"])(
  "10 Transfer-Encoding %j, chunked among bytes that are no blanks, is answered 400 and closed",
  async (coding) => {
    await stage.expectKeptOut(`${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`, 400);
  },
);

test("11 a space between Transfer-Encoding and its colon is answered 400 and closed", async () => {
  await stage.expectKeptOut(`${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, 400);
  await stage.expectKeptOut(`${POST}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`, 400);
});

test("12 Transfer-Encoding folded onto the next line is answered 400 and closed", async () => {
  await stage.expectKeptOut(`${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, 400);
  await stage.expectKeptOut(`${POST}X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400);
});

test("13 Transfer-Encoding in an HTTP/1.0 request is answered 400 and closed", async () => {
  await stage.expectKeptOut(
    "POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
  );
});

test.each(["10000000000000000", "FFFFFFFFFFFFFFFFF", "1".repeat(400)])(
  "14 the chunk size %s of 17 hex digits or more is answered 400 and closed",
  async (size) => {
    await stage.expectRefused(chunked(`${size}\r\na\r\n0\r\n\r\n`), 400);
  },
);

test("14 leading zeros, which the grammar allows, neither overflow nor reach the upstream", async () => {
  const { request } = await stage.pass(chunked("00000000000000002\r\nab\r\n0\r\n\r\n"));
  expect(request.body).toBe("ab");
  expect(stage.upstream.take().bytes).not.toContain("0000");
});

test.each(["0x2", "+2", " 2", "", "-2", "2_", "g"])(
  "15 the chunk size %j is answered 400 and closed",
  async (size) => {
    await stage.expectRefused(chunked(`${size}\r\nab\r\n0\r\n\r\n`), 400);
  },
);

test.each([
  "2\nab\r\n0\r\n\r\n",
  "2\r\nab\n0\r\n\r\n",
  "2\r\nab\r\n0\n\r\n",
  "2\r\nab\r\n0\r\n\n",
  "2;a\nab\r\n0\r\n\r\n",
])("16 a bare LF in the chunk framing %j is answered 400 and closed", async (body) => {
  await stage.expectRefused(chunked(body), 400);
});

test("17 a CR or 64 KB in a chunk extension is refused, with bounded memory", async () => {
  await stage.expectRefused(chunked("2;a\rb\r\nab\r\n0\r\n\r\n"), 400);
  await stage.expectRefused(chunked(`2;${"a".repeat(65_536)}\r\nab\r\n0\r\n\r\n`), 413);
});

test("18 chunk data without CRLF behind it is answered 400 and closed", async () => {
  await stage.expectRefused(chunked("2\r\nabc\r\n0\r\n\r\n"), 400);
  await stage.expectRefused(chunked(`2\r\nab0\r\n\r\n${SMUGGLED}`), 400);
});

test("19 trailers named Host, X-Canary or X-Forwarded-For are dropped and never merged", async () => {
  const trailers = "Host: evil.test\r\nX-Canary: always\r\nX-Forwarded-For: 6.6.6.6\r\nX-Sum: 1\r\n";
  const { request } = await stage.pass(chunked(`2\r\nab\r\n0\r\n${trailers}\r\n`));
  expect(request).toMatchObject({ body: "ab", chunked: true, trailers: [] });
  expect(valuesOf(request.headers, "host")).toEqual(["a.test"]);
  expect(valuesOf(request.headers, "x-canary")).toEqual([]);
  expect(valuesOf(request.headers, "x-forwarded-for")).toEqual(["127.0.0.1"]);
});

test("19 a trailer named Content-Length or Transfer-Encoding never frames anything", async () => {
  await stage.expectRefused(chunked("2\r\nab\r\n0\r\nContent-Length: 99\r\n\r\n"), 400);
  await stage.expectRefused(chunked(`2\r\nab\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED}`), 400);
});

test.each(["GET", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])(
  "20 the body of %s keeps its framing exactly, and the connection serves the next request",
  async (method) => {
    const line = `${method} /body HTTP/1.1\r\nHost: a.test\r\n`;
    const sized = await stage.pass(`${line}Content-Length: 5\r\n\r\nab\r\nc`);
    expect(sized.request).toMatchObject({ method, body: "ab\r\nc", chunked: false });
    const inChunks = await stage.pass(`${line}Transfer-Encoding: chunked\r\n\r\n5\r\nab\r\nc\r\n0\r\n\r\n`);
    expect(inChunks.request).toMatchObject({ method, body: "ab\r\nc", chunked: true });
    expect(valuesOf(inChunks.request.headers, "content-length")).toEqual([]);
    using client = stage.connect();
    client.send(`${line}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`);
    await client.untilResponses(1);
    client.send("GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n");
    await client.untilResponses(2);
    const targets = stage.upstream.take().requests.map((request) => request.target);
    expect(targets).toEqual(["/body", "/next"]);
  },
);

test("21 Expect: 100-continue is answered once the upstream is there, and the body then goes through", async () => {
  using client = stage.connect();
  stage.upstream.take();
  client.send(`${POST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
  await client.until(() => client.received !== "");
  expect(client.received).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  const [response] = await client.untilResponses(1);
  expect(response?.status).toBe(200);
  const [request] = stage.upstream.take().requests;
  expect(request?.body).toBe("abc");
  expect(valuesOf(request?.headers ?? [], "expect")).toEqual([]);
});

test.each(["200-ok", "100-continue, x", "x-100-continue"])(
  "21 the expectation %j is answered 417",
  async (expectation) => {
    await stage.expectKeptOut(`${POST}Expect: ${expectation}\r\nContent-Length: 3\r\n\r\nabc`, 417);
  },
);

test("21 Expect in an HTTP/1.0 request, or without a body, gets no interim answer", async () => {
  using old = stage.connect();
  old.send("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
  await old.untilClosed();
  expect(old.received).toMatch(/^HTTP\/1\.1 200 /);
  const { request } = await stage.pass("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
  expect(valuesOf(request.headers, "expect")).toEqual([]);
});
