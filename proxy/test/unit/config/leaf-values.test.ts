import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIdentitySource } from "../../../src/config/identity-source.ts";
import { findNearest } from "../../../src/config/nearest.ts";
import { describeProblem } from "../../../src/config/problem.ts";
import { routeList } from "../../../src/config/routes.ts";

describe("parseIdentitySource", () => {
  test.each([
    ["header:X-User-Id", { kind: "header", name: "x-user-id" }],
    ["cookie:SID", { kind: "cookie", name: "SID" }],
    ["jwt:https://example.org/uid", { kind: "jwt", claim: "https://example.org/uid" }],
    ["ip", { kind: "ip" }],
  ])("reads %s", (text, source) => {
    expect(parseIdentitySource(text)).toEqual(source);
  });

  test.each([
    "",
    "ip:",
    "IP",
    "header",
    "header:",
    "header:a b",
    "cookie:a=b",
    "cookie:a;b",
    "jwt:",
    "query:x",
    ":x",
  ])("refuses %j", (text) => {
    expect(parseIdentitySource(text)).toBeNull();
  });
});

describe("findNearest", () => {
  const keys = ["percentage", "killSwitch", "salt", "offset", "identity", "issueCookie", "port"];

  test.each([
    ["percentge", "percentage"],
    ["kill_switch", "killSwitch"],
    ["KILLSWITCH", "killSwitch"],
    ["slat", "salt"],
    ["prt", "port"],
    ["issueCookies", "issueCookie"],
  ])("takes %s for %s", (word, key) => {
    expect(findNearest(word, keys)).toBe(key);
  });

  test.each(["weight", "x", "", "foo"])("takes %j for nothing", (word) => {
    expect(findNearest(word, keys)).toBeUndefined();
  });

  test("finds any key after one slip of the finger", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(), fc.constantFrom("q", "x", "z"), (key, at, letter) => {
        const index = at % key.length;
        const slips = [
          key.slice(0, index) + key.slice(index + 1),
          key.slice(0, index) + letter + key.slice(index),
          key.slice(0, index) + letter + key.slice(index + 1),
        ];
        for (const slip of slips) {
          expect(findNearest(slip, keys)).toBe(key);
        }
      }),
    );
  });
});

describe("routes", () => {
  const places = (value: unknown): string[] =>
    routeList([], "")
      .findings(value)
      .map(({ at }) => at);

  test.each([
    ["no routes", []],
    ["a pin and a stream", [{ name: "a", prefix: "/a", pin: "v1", stream: true }]],
    [
      "a narrow one before a wide one",
      [
        { name: "a", prefix: "/a/b/" },
        { name: "b", prefix: "/a/" },
      ],
    ],
    [
      "neighbours",
      [
        { name: "a", prefix: "/a" },
        { name: "b", prefix: "/ab" },
      ],
    ],
  ])("accept %s", (_, value) => {
    expect(places(value)).toEqual([]);
  });

  test.each([
    ["no list", { name: "a" }, [""]],
    ["no route", ["/a"], ["[0]"]],
    ["an unknown key", [{ name: "a", prefix: "/a", pn: "v1" }], ["[0].pn"]],
    ["the name of what no route takes", [{ name: "other", prefix: "/a" }], ["[0].name"]],
    ["a name that upsets a metric", [{ name: 'a"b', prefix: "/a" }], ["[0].name"]],
    [
      "a repeated name",
      [
        { name: "a", prefix: "/a" },
        { name: "a", prefix: "/b" },
      ],
      ["[1].name"],
    ],
    [
      "a repeated prefix",
      [
        { name: "a", prefix: "/a" },
        { name: "b", prefix: "/a" },
      ],
      ["[1].prefix"],
    ],
    [
      "an unreachable route",
      [
        { name: "a", prefix: "/" },
        { name: "b", prefix: "/b" },
      ],
      ["[1].prefix"],
    ],
    [
      "a route below another",
      [
        { name: "a", prefix: "/a" },
        { name: "b", prefix: "/a/b" },
      ],
      ["[1].prefix"],
    ],
    ["a relative prefix", [{ name: "a", prefix: "a/" }], ["[0].prefix"]],
    ["an encoded prefix", [{ name: "a", prefix: "/%61" }], ["[0].prefix"]],
    ["a prefix with dots", [{ name: "a", prefix: "/a/../b" }], ["[0].prefix"]],
    ["a query", [{ name: "a", prefix: "/a?b" }], ["[0].prefix"]],
    [
      "a wrong pin and a wrong stream",
      [{ name: "a", prefix: "/a", pin: "v3", stream: 1 }],
      ["[0].pin", "[0].stream"],
    ],
    ["nothing at all in a route", [{}], ["[0].name", "[0].prefix"]],
  ])("refuse %s", (_, value, at) => {
    expect(places(value)).toEqual(at);
  });
});

describe("describeProblem", () => {
  test("says place, path, value and expectation", () => {
    const problem = { code: "value", path: "a.b", value: "x", expected: "a number", source: "file" } as const;
    expect(describeProblem({ ...problem, line: 4, column: 2 }, "s.yaml")).toBe(
      's.yaml:4:2 a.b: got "x", expected a number',
    );
    expect(describeProblem({ ...problem, source: "env", env: "A_B" }, "s.yaml")).toBe(
      'environment A_B a.b: got "x", expected a number',
    );
  });

  test("prints long values short and control characters escaped", () => {
    const described = describeProblem(
      { code: "value", path: "a", value: `\u001B[2J${"x".repeat(5000)}`, expected: "b", source: "default" },
      null,
    );
    expect(described.length).toBeLessThan(200);
    expect(described).not.toContain("\u001B");
  });
});
