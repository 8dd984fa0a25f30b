import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTopFailing } from "../../../src/release/top-failing.ts";
import { createTraffic } from "../../../src/release/traffic.ts";
import { identityOf } from "./story.ts";

function counters(requests: number, failures = 0, overP99Limit = 0) {
  return { v1: { requests, failures, overP99Limit }, v2: { requests: requests * 2, failures, overP99Limit } };
}

describe("traffic", () => {
  test("is what was added since the last look; the first look only sets the mark", () => {
    const traffic = createTraffic(1_000);
    expect(traffic.added(counters(100, 10)).v1.requests).toBe(0);
    expect(traffic.added(counters(130, 12, 1)).v1).toEqual({ requests: 30, failures: 2, overP99Limit: 1 });
    expect(traffic.added(counters(130, 12, 1)).v2.requests).toBe(0);
  });

  test("never runs backwards when a counter starts anew", () => {
    const traffic = createTraffic(1_000);
    traffic.added(counters(100, 10));
    expect(traffic.added(counters(7, 1)).v1).toEqual({ requests: 7, failures: 1, overP99Limit: 0 });
  });

  test("is collected in windows that do not overlap, of which the newest two are kept", () => {
    const traffic = createTraffic(1_000);
    for (let ms = 0; ms <= 3_500; ms += 500) traffic.collect(counters(1), ms);
    expect(traffic.windows().map(({ v1 }) => v1.requests)).toEqual([2, 2]);
    traffic.clear();
    expect(traffic.windows()).toEqual([]);
    traffic.collect(counters(1), 4_000);
    traffic.collect(counters(1), 4_900);
    expect(traffic.windows()).toEqual([]);
  });
});

describe("the top failing identity", () => {
  test("is found among many, however the failures are mixed", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(200).keys()], { minLength: 200 }), (order) => {
        const top = createTopFailing(8);
        // Every second failure is identity 0's.
        for (const n of order) top.add(identityOf(n < 100 ? 0 : n), 1);
        const share = top.topShare() ?? 0;
        expect(share).toBeLessThanOrEqual(0.5);
        expect(share).toBeGreaterThanOrEqual(0.5 - 1 / 9);
      }),
    );
  });

  test("is nobody without failures, and again after clearing", () => {
    const top = createTopFailing();
    expect(top.topShare()).toBeNull();
    top.add(identityOf(1), 3);
    top.add(identityOf(2), 1);
    expect(top.topShare()).toBe(0.75);
    top.clear();
    expect(top.topShare()).toBeNull();
  });
});
