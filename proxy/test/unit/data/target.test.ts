import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAuthority, normalisePath, parseTarget } from "../../../src/data/target.ts";

const PATHS = fc.oneof(
  fc.stringMatching(/^(\/([a-zA-Z0-9._~;%!-]|%[0-9a-fA-F]{2}){0,8}){1,5}$/),
  fc.string({ unit: "binary" }).map((text) => `/${text}`),
);

describe("normalisePath", () => {
  test("gives a path its one spelling: doing it twice changes nothing", () => {
    fc.assert(
      fc.property(PATHS, (path) => {
        const once = normalisePath(path);
        fc.pre(once !== null);
        expect(normalisePath(once)).toBe(once);
      }),
      { numRuns: 10_000 },
    );
  });

  test("leaves nothing that another reader could decode into a dot segment, a slash or a NUL", () => {
    fc.assert(
      fc.property(PATHS, (path) => {
        const normal = normalisePath(path);
        if (normal === null) return;
        const decoded = normal.replaceAll(/%[0-9A-F]{2}/g, (escape) =>
          String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
        );
        expect(decoded.split("/").length).toBe(normal.split("/").length);
        expect(decoded.split("/").some((segment) => segment === "." || segment === "..")).toBe(false);
        expect(normal).not.toContain("%00");
      }),
      { numRuns: 10_000 },
    );
  });

  test.each([
    ["/a%2Db%7e", "/a-b~"],
    ["/%c3%a9", "/%C3%A9"],
    ["/a%20b", "/a%20b"],
    ["/...", "/..."],
    ["/.a/b.", "/.a/b."],
    ["//a//", "//a//"],
  ])("writes %s as %s", (path, normal) => {
    expect(normalisePath(path)).toBe(normal);
  });
});

describe("parseTarget", () => {
  test("never throws, and what it gives starts with a slash or is the asterisk", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.webUrl()),
        fc.constantFrom("GET", "OPTIONS"),
        (raw, method) => {
          const target = parseTarget(raw, method);
          if (target === null) return;
          expect(target.text === "*" || target.text.startsWith("/")).toBe(true);
          expect(target.text.startsWith(target.path)).toBe(true);
          expect(target.authority === null || isAuthority(target.authority)).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  test("reads the asterisk for OPTIONS only, also from an absolute-form without path", () => {
    expect(parseTarget("*", "OPTIONS")?.path).toBe("*");
    expect(parseTarget("http://a.test", "OPTIONS")).toEqual({ authority: "a.test", path: "*", text: "*" });
    expect(parseTarget("*", "GET")).toBeNull();
  });
});

describe("isAuthority", () => {
  test("agrees with the platform's URL parser on what it lets through", () => {
    fc.assert(
      fc.property(fc.webAuthority({ withUserInfo: false, withPort: true, withIPv4: true }), (authority) => {
        expect(!isAuthority(authority) || URL.canParse(`http://${authority}/`)).toBe(true);
      }),
    );
  });

  test.each(["", ":80", "a:b", "a:65536", "[::1", "[]", "[x]", "a@b", "a/b", "a,b", "a b", "a".repeat(300)])(
    "refuses %j",
    (text) => {
      expect(isAuthority(text)).toBe(false);
    },
  );
});
