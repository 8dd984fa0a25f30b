import { Client } from "undici";
import type { Dispatcher } from "undici";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { FAILURES } from "../../../src/data/failure.ts";
import type { Failure } from "../../../src/data/failure.ts";
import { RequestHead, guardRequest } from "../../../src/data/guard.ts";
import { buildRequestHeaders } from "../../../src/data/headers.ts";

const LIMITS = { maxHeaders: 50, maxTargetBytes: 1_000, maxBodyBytes: 10_000 };
const IDENTITY_NAMES = new Set(["x-user-id", "authorization", "cookie"]);

function guard(
  method: string,
  target: string,
  headers: readonly string[] = ["Host", "a.test"],
  version: readonly [number, number] = [1, 1],
): RequestHead | Failure {
  return guardRequest(method, target, version[0], version[1], headers, LIMITS, IDENTITY_NAMES);
}

function accepted(result: RequestHead | Failure): RequestHead {
  if ("code" in result) throw new Error(`refused: ${result.code}`);
  return result;
}

/** Never connects: undici validates a request when it is dispatched, before it has a socket. */
const client = new Client("http://127.0.0.1:9", { pipelining: 1, connect: () => undefined });

afterAll(async () => {
  await client.destroy();
});

/** Dispatches a head as an exchange does; throws what undici's validation says, which it throws or hands to the handler. */
function dispatch(head: RequestHead): void {
  let refusal: Error | null = null;
  let dispatching = true;
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart: () => undefined,
    onResponseData: () => undefined,
    onResponseEnd: () => undefined,
    onResponseError: (_controller, error) => {
      if (dispatching) refusal = error;
    },
  };
  const forwarding = { peer: "::1", peerTrusted: true, proto: "http", requestId: "1" } as const;
  client.dispatch(
    {
      path: head.target,
      method: head.method,
      headers: buildRequestHeaders(head, forwarding),
      body: head.hasBody ? "x" : null,
      reset: false,
    },
    handler,
  );
  dispatching = false;
  if (refusal !== null) throw refusal;
}

const TOKENS = fc.constantFrom(
  "Host",
  "host",
  "Content-Length",
  "Transfer-Encoding",
  "Connection",
  "Upgrade",
  "Expect",
  "Trailer",
  "TE",
  "Keep-Alive",
  "Via",
  "Forwarded",
  "X-Forwarded-For",
  "X-Forwarded-Port",
  "Max-Forwards",
  "Cookie",
  "Content-Type",
  "X_User_Id",
  "__proto__",
);
const VALUES = fc.constantFrom(
  "a.test",
  "[::1]:80",
  "5",
  "chunked",
  "close",
  "keep-alive, x-a",
  "upgrade",
  "websocket",
  "100-continue",
  "0",
  "",
  "\t",
  "é",
);
/** Any bytes, as Node gives them: one character each; sometimes characters that are no bytes at all. */
const BYTES = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const ANYTHING = fc.oneof(BYTES, fc.string({ unit: "binary" }));
const METHODS = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("GET", "POST", "OPTIONS", "TRACE", "CONNECT", "HEAD", "DELETE") },
  ANYTHING,
);
const TARGETS = fc.oneof(
  fc.constantFrom("/", "*", "/a?b", "http://b.test/x", "http://[::1", "https://b", "/%2e", "/a b"),
  ANYTHING,
  ANYTHING.map((text) => `/${text}`),
  fc.webPath().map((path) => `/${path}`),
);
const NAMES = fc.oneof({ weight: 9, arbitrary: TOKENS }, ANYTHING);
const FIELD_VALUES = fc.oneof({ weight: 4, arbitrary: VALUES }, BYTES, ANYTHING);
const HEADERS = fc
  .array(fc.tuple(NAMES, FIELD_VALUES), { maxLength: 8 })
  .map((pairs) => ["Host", "a.test", ...pairs.flat()]);

describe("the guard", () => {
  test("stands before a check that would refuse what it lets through by mistake", () => {
    const bad = new RequestHead("GET", "/", "/", "a", ["x\n", "1"], null, 0, false, null);
    expect(() => dispatch(bad)).toThrow("invalid header key");
  });

  test("never throws, whatever it is given, and what it accepts undici accepts", () => {
    let passed = 0;
    fc.assert(
      fc.property(METHODS, TARGETS, HEADERS, fc.constantFrom(0, 1), (method, target, headers, minor) => {
        const head = guard(method, target, headers, [1, minor]);
        if ("code" in head || head.endsHere) return;
        passed += 1;
        dispatch(head);
      }),
      { numRuns: 20_000 },
    );
    expect(passed).toBeGreaterThan(1_000);
  });

  test("accepts most of what is plainly valid, and undici takes it", () => {
    const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^`|~-]{1,20}$/);
    const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,40}$/);
    fc.assert(
      fc.property(
        fc.constantFrom("GET", "POST", "PUT", "PROPFIND"),
        fc.stringMatching(/^\/[a-z0-9/]{0,30}(\?[!-"$-~]{0,20})?$/),
        fc.array(
          fc.tuple(
            token.map((name) => `x-${name}`),
            value,
          ),
          { maxLength: 10 },
        ),
        (method, target, pairs) => {
          dispatch(accepted(guard(method, target, ["Host", "a.test", ...pairs.flat()])));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("keeps end-to-end headers in order, in lower case, with their values as they are", () => {
    const head = accepted(guard("GET", "/", ["Host", "a", "X-B", "1", "x-a", " 2\t", "X-B", "3"]));
    expect(head.headers).toEqual(["x-b", "1", "x-a", " 2\t", "x-b", "3"]);
  });

  test.each([
    ["GET", "/", [1, 1], [], FAILURES.bad_host],
    ["GET", "/", [2, 0], ["Host", "a"], FAILURES.version_not_supported],
    ["GET", "/", [0, 9], [], FAILURES.bad_request],
    ["CONNECT", "a:1", [1, 1], ["Host", "a:1"], FAILURES.method_not_allowed],
    ["TRACE", "/", [1, 1], ["Host", "a"], FAILURES.method_not_allowed],
    ["G T", "/", [1, 1], ["Host", "a"], FAILURES.bad_request],
    ["GET", `/${"a".repeat(1_000)}`, [1, 1], ["Host", "a"], FAILURES.target_too_long],
    ["GET", "/", [1, 1], Array.from({ length: 102 }, () => "a"), FAILURES.headers_too_large],
    ["POST", "/", [1, 1], ["Host", "a", "Content-Length", "10001"], FAILURES.body_too_large],
    ["POST", "/", [1, 1], ["Host", "a", "Content-Length", "١"], FAILURES.bad_header],
    ["POST", "/", [1, 1], ["Host", "a", "Content-Length", "5", "content-length", "5"], FAILURES.bad_framing],
    ["POST", "/", [1, 0], ["Host", "a", "Transfer-Encoding", "chunked"], FAILURES.bad_framing],
    ["POST", "/", [1, 1], ["Host", "a", "Transfer-Encoding", "gzip"], FAILURES.unknown_coding],
    ["POST", "/", [1, 1], ["Host", "a", "Transfer-Encoding", "gzip, chunked, gzip"], FAILURES.bad_framing],
    ["GET", "/", [1, 1], ["Host", "a", "Expect", "x"], FAILURES.expectation_failed],
    ["OPTIONS", "/", [1, 1], ["Host", "a", "Max-Forwards", "x"], FAILURES.bad_header],
    ["GET", "/", [1, 1], ["Host", "a", "X", "a\nb"], FAILURES.bad_header],
    ["GET", "/", [1, 1], ["Host", "a", "X", "\u0100"], FAILURES.bad_header],
  ] as const)(
    "answers %s %s of HTTP/%j with %j by its catalogue entry",
    (method, target, version, headers, failure) => {
      expect(guard(method, target, headers, version)).toBe(failure);
    },
  );

  test("ignores an expectation of an HTTP/1.0 client", () => {
    const head = accepted(guard("POST", "/", ["Host", "a", "Expect", "100-continue"], [1, 0]));
    expect(head.expectsContinue).toBe(false);
  });

  test("lets the last word on the host to the target", () => {
    expect(accepted(guard("GET", "http://b.test:8/x", ["Host", "a"])).host).toBe("b.test:8");
  });
});
