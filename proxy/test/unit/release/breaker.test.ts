import { describe, expect, test } from "vitest";
import { createBreaker, type Breaker } from "../../../src/release/breaker.ts";
import { identityOf } from "./story.ts";

/** v2 fails `failures` of `requests`, from as many identities, at this time. */
function failV2(
  breaker: Breaker,
  requests: number,
  failures: number,
  identities: number,
  atMs: number,
): void {
  breaker.count("v2", requests, failures, atMs);
  for (let n = 0; n < identities; n += 1) breaker.failed(identityOf(n), atMs);
}

describe("the fast breaker", () => {
  test("trips when v2 fails half of 20 requests from 5 identities while v1 is fine", () => {
    const breaker = createBreaker();
    failV2(breaker, 20, 10, 5, 1_000);
    breaker.count("v1", 100, 1, 1_000);
    expect(breaker.read(1_500, true)).toEqual({
      tripped: true,
      requests: { v1: 100, v2: 20 },
      failures: { v1: 1, v2: 10 },
      identities: 5,
    });
  });

  test.each([
    ["19 requests", 19, 19, 5],
    ["less than half failing", 21, 10, 5],
    ["failures of 4 identities, however many", 500, 500, 4],
    ["no traffic", 0, 0, 0],
  ])("does not trip on %s", (_, requests, failures, identities) => {
    const breaker = createBreaker();
    failV2(breaker, requests, failures, identities, 1_000);
    expect(breaker.read(1_000, true).tripped).toBe(false);
  });

  test("does not trip when v1 fails too, or when health checks call v1 dead: there is nowhere better to go", () => {
    const breaker = createBreaker();
    failV2(breaker, 100, 100, 5, 1_000);
    expect(breaker.read(1_000, false).tripped).toBe(false);
    breaker.count("v1", 100, 25, 1_000);
    expect(breaker.read(1_000, true).tripped).toBe(false);
  });

  test("trips without any request on v1, as at 100 %, if v1 is healthy", () => {
    const breaker = createBreaker();
    failV2(breaker, 100, 100, 5, 1_000);
    expect(breaker.read(1_000, true).tripped).toBe(true);
  });

  test("adds up over the window and forgets what is older, slice by slice", () => {
    const breaker = createBreaker();
    for (let second = 0; second < 5; second += 1) failV2(breaker, 4, 4, 5, second * 1_000);
    expect(breaker.read(9_999, true).requests.v2).toBe(20);
    expect(breaker.read(9_999, true).tripped).toBe(true);
    expect(breaker.read(10_000, true).requests.v2).toBe(16);
    expect(breaker.read(60_000, true)).toMatchObject({ requests: { v2: 0 }, identities: 0 });
  });

  test("reuses its slices: a quiet hour leaves nothing behind", () => {
    const breaker = createBreaker();
    failV2(breaker, 100, 100, 5, 500);
    breaker.count("v2", 1, 0, 3_600_500);
    expect(breaker.read(3_600_500, true).requests.v2).toBe(1);
  });

  test("starts from nothing after being cleared", () => {
    const breaker = createBreaker();
    failV2(breaker, 100, 100, 5, 1_000);
    breaker.clear();
    expect(breaker.read(1_000, true)).toMatchObject({ tripped: false, requests: { v2: 0 } });
  });
});
