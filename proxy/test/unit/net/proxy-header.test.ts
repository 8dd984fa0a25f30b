import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readProxyHeader } from "../../../src/net/proxy-header.ts";

const LINE = "PROXY TCP4 203.0.113.7 192.0.2.1 5555 80\r\n";
const BINARY = Buffer.from(
  "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\xc0\x00\x02\x01\x15\xb3\x00\x50",
  "latin1",
);

test("each part of a header is partial, the whole of it whole, and what follows is no part of it", () => {
  for (const [header, address] of [
    [Buffer.from(LINE), "203.0.113.7"],
    [BINARY, "203.0.113.9"],
  ] as const) {
    for (let end = 0; end < header.length; end += 1)
      expect(readProxyHeader(header.subarray(0, end)).state, String(end)).toBe("partial");
    expect(readProxyHeader(Buffer.concat([header, Buffer.from("GET / HTTP/1.1\r\n")]))).toEqual({
      state: "whole",
      length: header.length,
      address,
    });
  }
});

test("lines that are not exactly a header are bad", () => {
  for (const line of [
    "GET / HTTP/1.1\r\n",
    "PROXY TCP4 203.0.113.7 192.0.2.1 5555\r\n",
    "PROXY TCP4 203.0.113.7 192.0.2.1 5555 80 90\r\n",
    "PROXY TCP4 2001:db8::1 192.0.2.1 5555 80\r\n",
    "PROXY TCP6 203.0.113.7 192.0.2.1 5555 80\r\n",
    "PROXY TCP4 203.0.113.7 192.0.2.1 99999 80\r\n",
    "PROXY TCP4 203.0.113.7\t192.0.2.1 5555 80\r\n",
    "proxy TCP4 203.0.113.7 192.0.2.1 5555 80\r\n",
  ])
    expect(readProxyHeader(Buffer.from(line)).state, line).toBe("bad");
});

test("no bytes make it throw or take more than is there", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, binary) => {
      const data = Buffer.concat([binary ? BINARY.subarray(0, 12) : Buffer.alloc(0), bytes]);
      const header = readProxyHeader(data);
      expect(header.state === "whole" ? header.length : 0).toBeLessThanOrEqual(data.length);
    }),
  );
});
