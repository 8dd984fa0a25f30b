import { describe, expect, test } from "vitest";
import { breachedLimit, DEFAULT_LIMITS, type TrafficWindow } from "../../../src/release/limits.ts";

type Counts = readonly [requests: number, failures: number, overP99Limit: number];

function windowOf(v1: Counts, v2: Counts): TrafficWindow {
  return { v1: countsOf(v1), v2: countsOf(v2) };
}

function countsOf([requests, failures, overP99Limit]: Counts) {
  return { requests, failures, overP99Limit };
}

function breachedTwice(v1: Counts, v2: Counts): string | null {
  const window = windowOf(v1, v2);
  return breachedLimit([window, window], DEFAULT_LIMITS);
}

describe("the owner's limits", () => {
  test("are breached by an error rate more than 5 points over v1's, in two windows in a row", () => {
    const bad = windowOf([1_000, 10, 0], [1_000, 80, 0]);
    expect(breachedLimit([bad, bad], DEFAULT_LIMITS)).toBe(
      "v2 failed 8 % of 1000 requests and v1 1 % of 1000, more than the 5 % allowed on top",
    );
    const good = windowOf([1_000, 10, 0], [1_000, 10, 0]);
    expect(breachedLimit([bad], DEFAULT_LIMITS)).toBeNull();
    expect(breachedLimit([bad, good], DEFAULT_LIMITS)).toBeNull();
    expect(breachedLimit([bad, good, bad], DEFAULT_LIMITS)).toBeNull();
    expect(breachedLimit([good, bad, bad], DEFAULT_LIMITS)).not.toBeNull();
  });

  test("are not breached when v1 fails alike, nor by exactly 5 points", () => {
    expect(breachedTwice([1_000, 500, 0], [1_000, 520, 0])).toBeNull();
    expect(breachedTwice([1_000, 0, 0], [1_000, 50, 0])).toBeNull();
    expect(breachedTwice([1_000, 0, 0], [1_000, 51, 0])).not.toBeNull();
  });

  test("say nothing on few requests of either version, or on none", () => {
    expect(breachedTwice([199, 0, 0], [1_000, 1_000, 0])).toBeNull();
    expect(breachedTwice([1_000, 0, 0], [199, 199, 199])).toBeNull();
    expect(breachedTwice([0, 0, 0], [0, 0, 0])).toBeNull();
    expect(breachedLimit([], DEFAULT_LIMITS)).toBeNull();
  });

  test("take a difference that chance makes for chance", () => {
    // 200 requests each, 10 % against 16 %: more than 5 points, but 1.8 standard deviations.
    expect(breachedTwice([200, 20, 0], [200, 32, 0])).toBeNull();
  });

  test("are breached by a p99 over 500 ms while v1 keeps it, and not when v1 is slow too", () => {
    expect(breachedTwice([2_000, 0, 5], [2_000, 0, 60])).toBe(
      "v2's p99 is over 500 ms (60 of 2000 requests slower) while v1's is not (5 of 2000)",
    );
    expect(breachedTwice([2_000, 0, 30], [2_000, 0, 60])).toBeNull();
    expect(breachedTwice([2_000, 0, 0], [2_000, 0, 20])).toBeNull();
  });
});
