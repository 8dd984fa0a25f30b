import { expect, test } from "vitest";
import { NO_USAGE, addUsage, formatUsage, parseUsage } from "../../../src/readiness/route-usage.ts";
import type { RouteUsage } from "../../../src/readiness/route-usage.ts";

const NOW_MS = Date.parse("2026-07-15T23:59:59Z");
const DAY_MS = 86_400_000;

test("requests of one day add up, and those after midnight UTC are the next day's", () => {
  let usage = addUsage(NO_USAGE, { total: 5, routes: { old: 2 } }, NOW_MS);
  usage = addUsage(usage, { total: 7, routes: { old: 3, older: 0 } }, NOW_MS);
  usage = addUsage(usage, { total: 1, routes: { old: 1 } }, NOW_MS + 1_000);
  expect(usage).toEqual({
    days: {
      "2026-07-15": { total: 12, routes: { old: 5, older: 0 } },
      "2026-07-16": { total: 1, routes: { old: 1 } },
    },
    lastSeen: { old: "2026-07-16T00:00:00.000Z" },
  });
});

test("keeps 35 days and no more", () => {
  let usage: RouteUsage = NO_USAGE;
  for (let day = 0; day < 60; day += 1) {
    usage = addUsage(usage, { total: 1, routes: {} }, NOW_MS + day * DAY_MS);
  }
  expect(Object.keys(usage.days)).toHaveLength(35);
  expect(Object.keys(usage.days).sort()[0]).toBe("2026-08-09");
});

test("an hour of a wrong clock costs nothing of what was counted", () => {
  let usage: RouteUsage = NO_USAGE;
  for (let day = 0; day < 35; day += 1) {
    usage = addUsage(usage, { total: 1, routes: { old: 1 } }, NOW_MS + day * DAY_MS);
  }
  expect(addUsage(usage, { total: 1, routes: { old: 1 } }, 0).days).toEqual(usage.days);
});

test("stays small however often routes are renamed", () => {
  let usage: RouteUsage = NO_USAGE;
  for (let name = 0; name < 1_000; name += 1) {
    usage = addUsage(usage, { total: 1, routes: { [`route-${name}`]: 1 } }, NOW_MS);
  }
  expect(Object.keys(usage.days["2026-07-15"]?.routes ?? {})).toHaveLength(256);
  expect(Object.keys(usage.lastSeen)).toHaveLength(256);
  expect(usage.lastSeen).toHaveProperty("route-999");
});

test("what is written is read back", () => {
  const usage = addUsage(NO_USAGE, { total: 5, routes: { old: 2, "with.dot": 0 } }, NOW_MS);
  expect(parseUsage(JSON.parse(formatUsage(usage)))).toEqual({ ok: true, usage });
});

test.each([
  ["null", /version 1/],
  ['{"version":2,"days":{},"lastSeen":{}}', /version 1/],
  ['{"version":1,"days":[],"lastSeen":{}}', /missing/],
  ['{"version":1,"days":{"today":{"total":1,"routes":{}}},"lastSeen":{}}', /bad entry "today"/],
  ['{"version":1,"days":{"2026-01-01":{"total":-1,"routes":{}}},"lastSeen":{}}', /bad entry/],
  ['{"version":1,"days":{"2026-01-01":{"total":1,"routes":{"a":0.5}}},"lastSeen":{}}', /no whole number/],
  ['{"version":1,"days":{},"lastSeen":{"a":"yesterday"}}', /time in lastSeen/],
])("%s is refused with what is wrong", (text, problem) => {
  expect(parseUsage(JSON.parse(text))).toEqual({ ok: false, problem: expect.stringMatching(problem) });
});
