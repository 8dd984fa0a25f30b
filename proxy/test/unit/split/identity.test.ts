import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  MAX_IDENTITY_BYTES,
  capIdentity,
  findCookie,
  networkOf,
  readIdentity,
  readJwtClaim,
} from "../../../src/split/identity.ts";
import type { Source } from "../../../src/split/identity.ts";

const sources: readonly Source[] = [
  { kind: "header", name: "x-user-id" },
  { kind: "jwt", claim: "sub" },
  { kind: "cookie", name: "serin_id" },
];

function token(payload: unknown): string {
  return `Bearer h.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.s`;
}

describe("readIdentity", () => {
  test("takes the first source that yields something", () => {
    const all = ["cookie", "serin_id=c", "authorization", token({ sub: "j" }), "x-user-id", "h"];
    expect(readIdentity(sources, all, "")).toBe("h");
    expect(readIdentity(sources, all.slice(0, 4), "")).toBe("j");
    expect(readIdentity(sources, all.slice(0, 2), "")).toBe("c");
    expect(readIdentity(sources, [], "")).toBeNull();
  });

  test("passes over an empty header", () => {
    expect(readIdentity(sources, ["x-user-id", "", "cookie", "serin_id=c"], "")).toBe("c");
  });

  test("never throws and never gives more than 256 bytes, whatever the headers hold", () => {
    const headers = fc.array(
      fc.tuple(
        fc.constantFrom("x-user-id", "authorization", "cookie", "other"),
        fc.string({ unit: "binary", maxLength: 600 }),
      ),
    );
    fc.assert(
      fc.property(headers, (list) => {
        const identity = readIdentity(sources, list.flat(), "::1") ?? "";
        expect(Buffer.byteLength(identity)).toBeLessThanOrEqual(MAX_IDENTITY_BYTES);
      }),
    );
  });
});

describe("findCookie", () => {
  test.each([
    ["a=1; serin_id=x; b=2", "x"],
    ['serin_id="x"', "x"],
    ["serin_id=a=b", "a=b"],
    ["xserin_id=x", null],
    ["serin_id", null],
    ["", null],
    ["; ;=;serin_id=x;;", "x"],
    ["serin_id=x; serin_id=x", "x"],
    ["serin_id=x; serin_id=y", null],
  ])("reads %j as %j", (cookie, expected) => {
    expect(findCookie(["cookie", cookie], "serin_id")).toBe(expected);
  });

  test("looks through several Cookie headers", () => {
    expect(findCookie(["cookie", "a=1", "cookie", "serin_id=x"], "serin_id")).toBe("x");
  });
});

describe("readJwtClaim", () => {
  test.each<[unknown, string | null]>([
    [{ sub: "u" }, "u"],
    [{ sub: 42 }, "42"],
    [{ sub: "ユーザー" }, "ユーザー"],
    [{ sub: true }, null],
    [{ sub: null }, null],
    [{ sub: { a: 1 } }, null],
    [[], null],
    [null, null],
    ["text", null],
    [{}, null],
  ])("reads the subject of %j as %j", (payload, expected) => {
    expect(readJwtClaim(token(payload), "sub")).toBe(expected);
  });

  test.each([
    null,
    "",
    "Bearer",
    "Bearer ",
    "Bearer a",
    "Bearer a.b",
    "Bearer .b.c",
    "Bearer a.%.c",
    "Basic a.b.c",
  ])("finds nothing in %j", (authorization) => {
    expect(readJwtClaim(authorization, "sub")).toBeNull();
  });

  test("takes no claim from the prototype", () => {
    expect(readJwtClaim(token({}), "__proto__")).toBeNull();
    expect(readJwtClaim(token({}), "constructor")).toBeNull();
  });
});

describe("networkOf", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0DB8:0001:0002::1", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
  ])("stands %s for by %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe("capIdentity", () => {
  test("cuts at 256 bytes and never within a character", () => {
    expect(capIdentity("x".repeat(300))).toBe("x".repeat(256));
    expect(capIdentity("é".repeat(200))).toBe("é".repeat(128));
    expect(capIdentity(`x${"é".repeat(200)}`)).toBe(`x${"é".repeat(127)}`);
    expect(capIdentity("ユ".repeat(90))).toBe("ユ".repeat(85));
  });

  test("leaves short identities alone", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80, unit: "grapheme-ascii" }), (identity) => {
        expect(capIdentity(identity)).toBe(identity);
      }),
    );
  });
});
