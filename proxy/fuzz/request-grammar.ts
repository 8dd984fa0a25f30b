import type { Random } from "./random.ts";

/**
 * Grows streams of requests, one character per byte: mostly valid, with a wrong turn now and then at every place
 * where parsers are known to disagree (RFC 9112 §11.2, and the smuggling literature).
 */
export function growStream(random: Random): string {
  let stream = "";
  const requests = 1 + random.below(3);
  for (let i = 0; i < requests; i += 1) stream += growRequest(random);
  return stream;
}

/** How often a place that may go wrong does. */
const WRONG = 0.04;

const METHODS = ["GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"] as const;
const ODD_METHODS = [
  "TRACE",
  "CONNECT",
  "PRI",
  "get",
  "GE T",
  "",
  "PROPFIND",
  "X",
  "G\0T",
  "M-SEARCH",
] as const;
const TARGETS = [
  "/",
  "/a",
  "/a/b?c=d",
  "/%41%2fb",
  "/a%20b",
  "/api/v2/x",
  "//x",
  "/a;b=c",
  "/?",
  "/%7e%c3%a9",
] as const;
const ODD_TARGETS = [
  "*",
  "http://b.test/x?y",
  "http://[::1",
  "https://b.test",
  "http://u@b.test/",
  "/../a",
  "/%2e%2E/a",
  "/%00",
  "/a b",
  "/%zz",
  "",
  "a",
  "/a#b",
  "/\x7f",
  "/\xff",
  "/a\\b",
  "http:///",
  "b.test:443",
] as const;
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"] as const;
const ODD_VERSIONS = [
  "HTTP/2.0",
  "HTTP/0.9",
  "HTTP/1.2",
  "http/1.1",
  "HTTP/1.1 ",
  "HTTP/11",
  "",
  "HTTP/1.1\t",
] as const;
const LINE_ENDS = ["\n", "\r", "\r\r\n", "\n\r", "\r\n ", "\r\n\t", ""] as const;
const NAMES = [
  "X-A",
  "x-b",
  "Accept",
  "User-Agent",
  "Cookie",
  "X-User-Id",
  "Authorization",
  "Via",
  "X-A",
] as const;
const ODD_NAMES = [
  "X_User_Id",
  "X-Forwarded-For",
  "X_Forwarded_For",
  "X-Canary",
  "Connection",
  "Keep-Alive",
  "TE",
  "Trailer",
  "Upgrade",
  "Expect",
  "Max-Forwards",
  "Forwarded",
  "Transfer-Encoding ",
  "Content-Length\t",
  "Content_Length",
  "Host",
  "",
  "X A",
  "X\0",
  " X",
  "X\x80",
  "Proxy-Connection",
  "HTTP2-Settings",
  "X-Canary-Version",
  "__proto__",
  "constructor",
] as const;
const VALUES = [
  "1",
  "a, b",
  "",
  "x=y; z=w",
  "  spaced\t ",
  "Bearer a.e30.c",
  "text/plain",
  '"q"',
  "\xc3\xa9",
] as const;
const ODD_VALUES = [
  "close",
  "keep-alive, X-A",
  "X-User-Id, Host, Content-Length",
  "upgrade",
  "websocket",
  "h2c",
  "100-continue",
  "0",
  "a\0b",
  "a\rb",
  "a\nb",
  "\x0b1",
  "\x7f",
  "chunked",
  "1.1 serin",
  "always",
  "serin_id=a; serin_id=b; x-canary=always",
] as const;
const CODINGS = [
  "chunked, chunked",
  "identity",
  "gzip, chunked",
  "xchunked",
  "chunked, identity",
  " chunked\x0b",
] as const;
const LENGTHS = [
  "+1",
  "-1",
  "0x1",
  "1, 1",
  "1 1",
  "",
  "99999999999999999999",
  "1_0",
  "00000000000000001",
] as const;
const CHUNK_SIZES = [
  "0x1",
  "+1",
  " 1",
  "",
  "FFFFFFFFFFFFFFFFF",
  "00000000000000001",
  "1;a=b",
  '1;a="\n"',
  "1 ;x",
  "g",
] as const;

function growRequest(random: Random): string {
  const wrong = (): boolean => random.chance(WRONG);
  const lineEnd = (): string => (random.chance(WRONG / 4) ? random.pick(LINE_ENDS) : "\r\n");
  const space = wrong() ? random.pick(["  ", "\t", "", " \x0b"]) : " ";
  const method = wrong() ? random.pick(ODD_METHODS) : random.pick(METHODS);
  const target = random.chance(0.15) ? random.pick(ODD_TARGETS) : random.pick(TARGETS);
  const version = wrong() ? random.pick(ODD_VERSIONS) : random.pick(VERSIONS);
  let text = wrong() ? random.pick(["\r\n", "\n", "\r\n\r\n", " "]) : "";
  text += `${method}${space}${target} ${version}${lineEnd()}`;
  if (!wrong())
    text += `Host: ${wrong() ? random.pick(["", "a@b", "a,b", "[::1]", "a:99999", "a/b"]) : "a.test"}${lineEnd()}`;
  for (let count = random.below(4); count > 0; count -= 1) {
    const name = random.chance(0.2) ? random.pick(ODD_NAMES) : random.pick(NAMES);
    const value = random.chance(0.15) ? random.pick(ODD_VALUES) : random.pick(VALUES);
    text += `${name}:${wrong() ? "" : " "}${value}${lineEnd()}`;
  }
  return text + growBody(random, lineEnd);
}

function growBody(random: Random, lineEnd: () => string): string {
  const wrong = (): boolean => random.chance(WRONG);
  const body = growContent(random);
  switch (random.below(4)) {
    case 0: {
      const length = wrong()
        ? random.pick(LENGTHS)
        : String(body.length + (wrong() ? random.below(7) - 3 : 0));
      const again = wrong() ? `Content-Length: ${length}${lineEnd()}` : "";
      return `Content-Length: ${length}${lineEnd()}${again}${lineEnd()}${body}`;
    }
    case 1: {
      const coding = wrong() ? random.pick(CODINGS) : "chunked";
      const length = wrong() ? `Content-Length: ${body.length}${lineEnd()}` : "";
      return `Transfer-Encoding: ${coding}${lineEnd()}${length}${lineEnd()}${growChunks(random, body, lineEnd)}`;
    }
    default:
      return lineEnd();
  }
}

function growContent(random: Random): string {
  const kind = random.below(4);
  if (kind === 0) return "";
  if (kind === 1) return "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
  if (kind === 2) return "a".repeat(random.below(3_000));
  let content = "";
  for (let count = random.below(40); count > 0; count -= 1) content += String.fromCharCode(random.below(256));
  return content;
}

function growChunks(random: Random, body: string, lineEnd: () => string): string {
  let text = "";
  let at = 0;
  while (at < body.length) {
    const size = 1 + random.below(body.length - at);
    const shown = random.chance(WRONG) ? random.pick(CHUNK_SIZES) : size.toString(16);
    text += `${shown}${lineEnd()}${body.slice(at, at + size)}${lineEnd()}`;
    at += size;
  }
  const trailers = random.chance(0.2)
    ? random.pick(["X-T: 1\r\n", "Host: b\r\n", "Content-Length: 3\r\n", "X-T:\r\n 1\r\n"])
    : "";
  return `${text}0${lineEnd()}${trailers}${lineEnd()}`;
}
