import { expect, test } from "vitest";
import { prefersText } from "../../../src/data/accept.ts";

test.each([
  [undefined, false],
  ["*/*", false],
  ["application/json", false],
  ["text/plain", true],
  ["text/*", true],
  ["TEXT/PLAIN", true],
  ["text/plain, application/json", false],
  ["text/plain, application/json;q=0.5", true],
  ["text/plain;q=0.1, */*;q=0.9", false],
  ["text/plain;q=x, application/json;q=0.1", false],
  ["text/html,application/xhtml+xml,*/*;q=0.8", false],
  [`text/plain, ${"a/b, ".repeat(1_000)}`, false],
] as const)("Accept %j prefers text to JSON: %j", (accept, expected) => {
  expect(prefersText(accept)).toBe(expected);
});
