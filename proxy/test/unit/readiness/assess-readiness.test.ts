import { describe, expect, test } from "vitest";
import { assessReadiness } from "../../../src/readiness/assess-readiness.ts";
import type { DeprecatedRoute } from "../../../src/readiness/assess-readiness.ts";
import { NO_USAGE, addUsage } from "../../../src/readiness/route-usage.ts";
import type { RouteUsage } from "../../../src/readiness/route-usage.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-07-15T12:00:00Z");
const apiV1: DeprecatedRoute = { name: "api-v1", prefix: "/api/v1/", sunsetMs: Date.parse("2026-07-01") };

/** Usage of so many days up to now, oldest first: requests on the route for each day, of 1,000. */
function usageOf(requestsByDay: readonly number[], route = apiV1.name): RouteUsage {
  return requestsByDay.reduce((usage, requests, index) => {
    const atMs = NOW_MS - (requestsByDay.length - 1 - index) * DAY_MS;
    return addUsage(usage, { total: 1_000, routes: { [route]: requests } }, atMs);
  }, NO_USAGE);
}

function days(count: number, requests: number): number[] {
  return Array.from({ length: count }, () => requests);
}

function gatesPassed(usage: RouteUsage): number[] {
  return assessReadiness(usage, [apiV1], NOW_MS)
    .gates.filter((gate) => gate.passed)
    .map((gate) => gate.percent);
}

describe("the gates", () => {
  test.each([
    [501, []],
    [500, [50]],
    [200, [50, 20]],
    [100, [50, 20, 10]],
    [1, [50, 20, 10]],
    [0, [50, 20, 10, 0]],
  ])("with %i of 1,000 requests a day for four weeks, %j are passed", (requests, passed) => {
    expect(gatesPassed(usageOf(days(28, requests)))).toEqual(passed);
  });

  test("go by the last seven days, and the last one by four weeks", () => {
    expect(gatesPassed(usageOf([...days(21, 900), ...days(7, 50)]))).toEqual([50, 20, 10]);
    expect(gatesPassed(usageOf([1, ...days(27, 0)]))).toEqual([50, 20, 10]);
    expect(gatesPassed(usageOf([1, ...days(28, 0)]))).toEqual([50, 20, 10, 0]);
  });

  test("are closed without traffic", () => {
    expect(gatesPassed(NO_USAGE)).toEqual([]);
  });
});

describe("the sentence", () => {
  const sentenceOf = (usage: RouteUsage, routes: readonly DeprecatedRoute[] = [apiV1]): string =>
    assessReadiness(usage, routes, NOW_MS).sentence;

  test("says that API v1 can be removed after four quiet weeks past the sunset", () => {
    expect(sentenceOf(usageOf(days(28, 0)))).toBe(
      "API v1 can be removed: nobody has asked for api-v1 for 28 days.",
    );
  });

  test("names what is still requested, how much and when last", () => {
    expect(sentenceOf(usageOf(days(28, 3)))).toBe(
      "API v1 cannot be removed yet: api-v1 got 84 requests in the last 28 days, 0.3 % of all traffic of the last 7, " +
        "the last at 2026-07-15T12:00:00.000Z.",
    );
  });

  test("does not take a route that was hardly watched for unused", () => {
    expect(sentenceOf(usageOf(days(27, 0)))).toContain("api-v1 was watched on 27 of the last 28 days only");
    expect(sentenceOf(usageOf(days(28, 0), "another"))).toContain("watched on 0 of the last 28 days only");
  });

  test("waits for the sunset that clients were told", () => {
    const later = { ...apiV1, sunsetMs: Date.parse("2027-01-01") };
    expect(sentenceOf(usageOf(days(28, 0)), [later])).toContain("the sunset of api-v1 is on 2027-01-01");
  });

  test("needs other traffic to believe in silence", () => {
    const silent = Array.from({ length: 28 }, (_, ago) => NOW_MS - ago * DAY_MS).reduceRight(
      (usage, atMs) => addUsage(usage, { total: 0, routes: { "api-v1": 0 } }, atMs),
      NO_USAGE,
    );
    expect(sentenceOf(silent)).toContain("there was no traffic at all");
  });

  test("is about every deprecated route, whatever it is called", () => {
    const inherited = { ...apiV1, name: "constructor" };
    expect(sentenceOf(usageOf(days(28, 0)), [apiV1, inherited])).toContain(
      "constructor was watched on 0 of the last 28 days",
    );
  });
});

test("a route's requests are listed for each of 35 days, with null where it was not watched", () => {
  const { routes } = assessReadiness(usageOf([4, 5]), [apiV1], NOW_MS);
  const byDay = routes[0]?.requestsByDay ?? [];
  expect(byDay).toHaveLength(35);
  expect(byDay.slice(-3)).toEqual([
    { day: "2026-07-13", requests: null },
    { day: "2026-07-14", requests: 4 },
    { day: "2026-07-15", requests: 5 },
  ]);
});
