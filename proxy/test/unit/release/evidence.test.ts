import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  coinOf,
  countFailure,
  EMPTY_EVIDENCE,
  isSafe,
  logCombinedEvidence,
  logEvidence,
  logFactor,
  logMeanExp,
  RATIOS,
  SAFE_RATIO,
  type MetricEvidence,
} from "../../../src/release/evidence.ts";
import { identityOf } from "./story.ts";

const coin = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });

function evidenceOf(canary: number, control: number, weightPpm: number): MetricEvidence {
  let evidence = EMPTY_EVIDENCE;
  for (let n = 0; n < canary + control; n += 1) {
    const assignment = n < canary ? "v2" : "v1";
    evidence = countFailure(evidence, { identity: identityOf(n), assignment, weightPpm });
  }
  return evidence;
}

describe("the factor of one event", () => {
  test("is q / w for a canary and (1 - q) / (1 - w) for a control, as the design has it", () => {
    fc.assert(
      fc.property(coin, fc.constantFrom(...RATIOS), (w, r) => {
        const q = (w * r) / (w * r + 1 - w);
        expect(Math.exp(logFactor(r, w, true))).toBeCloseTo(q / w, 8);
        expect(Math.exp(logFactor(r, w, false))).toBeCloseTo((1 - q) / (1 - w), 8);
      }),
    );
  });

  test("is 1 in expectation if v2 is as good as v1", () => {
    fc.assert(
      fc.property(coin, fc.constantFrom(...RATIOS), (w, r) => {
        const mean = w * Math.exp(logFactor(r, w, true)) + (1 - w) * Math.exp(logFactor(r, w, false));
        expect(mean).toBeCloseTo(1, 10);
      }),
    );
  });

  test("of the test turned round is at most 1 in expectation if v2 is at least twice as bad", () => {
    fc.assert(
      fc.property(coin, fc.double({ min: SAFE_RATIO, max: 1_000, noNaN: true }), (w, r) => {
        const q = (w * r) / (w * r + 1 - w);
        const mean =
          q * Math.exp(-logFactor(SAFE_RATIO, w, true)) +
          (1 - q) * Math.exp(-logFactor(SAFE_RATIO, w, false));
        expect(mean).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });
});

test("over ramps, with identities that fail again and again, the evidence stays a martingale: its mean is exactly 1", () => {
  // Three identities, each at one of 20 places of the line, fail in a given order under given weights: all 20^3
  // assignments are equally likely under the null, so the mean over them is the expectation, without sampling.
  const places = 20;
  const ppm = 1_000_000;
  const failures = fc.array(
    fc.record({ who: fc.integer({ min: 0, max: 2 }), weight: fc.integer({ min: 0, max: places }) }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(failures, (sequence) => {
      let sum = 0;
      for (let world = 0; world < places ** 3; world += 1) {
        const place = [world % places, Math.floor(world / places) % places, Math.floor(world / places ** 2)];
        let evidence = EMPTY_EVIDENCE;
        for (const { who, weight } of sequence) {
          evidence = countFailure(evidence, {
            identity: identityOf(who),
            assignment: (place[who] ?? 0) < weight ? "v2" : "v1",
            weightPpm: (weight * ppm) / places,
          });
        }
        sum += Math.exp(logEvidence(evidence));
      }
      expect(sum / places ** 3).toBeCloseTo(1, 8);
    }),
    { numRuns: 12 },
  );
});

describe("which failures count", () => {
  const one = { identity: identityOf(1), weightPpm: 50_000 } as const;

  test("an identity's first failure counts with the weight in force, its later ones not at all", () => {
    const first = countFailure(EMPTY_EVIDENCE, { ...one, assignment: "v1" });
    expect(coinOf(EMPTY_EVIDENCE, { ...one, assignment: "v1" })).toBe(0.05);
    expect(countFailure(first, { ...one, assignment: "v1" })).toBe(first);
  });

  test("after a ramp from 5 to 25 % a control identity counts once more, with 20 / 95", () => {
    const first = countFailure(EMPTY_EVIDENCE, { ...one, assignment: "v1" });
    expect(coinOf(first, { ...one, assignment: "v2", weightPpm: 250_000 })).toBeCloseTo(20 / 95, 12);
    const second = countFailure(first, { ...one, assignment: "v1", weightPpm: 250_000 });
    expect(second.control).toBe(2);
    expect(second.identities.size).toBe(1);
    expect(coinOf(second, { ...one, assignment: "v1", weightPpm: 250_000 })).toBeNull();
  });

  test("an identity that failed as canary counts no more, whatever the weight", () => {
    const first = countFailure(EMPTY_EVIDENCE, { ...one, assignment: "v2" });
    expect(coinOf(first, { ...one, assignment: "v2", weightPpm: 900_000 })).toBeNull();
  });

  test("after a step back nothing counts until the weight is above where it was", () => {
    const first = countFailure(EMPTY_EVIDENCE, { ...one, assignment: "v1", weightPpm: 500_000 });
    expect(coinOf(first, { ...one, assignment: "v1", weightPpm: 100_000 })).toBeNull();
    expect(coinOf(first, { ...one, assignment: "v1", weightPpm: 600_000 })).toBeCloseTo(0.2, 12);
  });

  test("with nobody on v2 there is no coin, and with everybody on v2 failures are counted but prove nothing", () => {
    expect(coinOf(EMPTY_EVIDENCE, { ...one, assignment: "v1", weightPpm: 0 })).toBeNull();
    expect(coinOf(EMPTY_EVIDENCE, { ...one, assignment: "v1", weightPpm: Number.NaN })).toBeNull();
    expect(coinOf(EMPTY_EVIDENCE, { ...one, assignment: "v1", weightPpm: 1_000_000 })).toBeNull();
    const all = countFailure(EMPTY_EVIDENCE, { ...one, assignment: "v2", weightPpm: 1_000_000 });
    expect(all.canary).toBe(1);
    expect(logEvidence(all)).toBe(0);
  });

  test("past the cap new identities no longer count, while known ones still do after a ramp", () => {
    const first = countFailure(EMPTY_EVIDENCE, { ...one, assignment: "v1" }, 1);
    expect(coinOf(first, { ...one, identity: identityOf(2), assignment: "v2" }, 1)).toBeNull();
    expect(coinOf(first, { ...one, assignment: "v2", weightPpm: 100_000 }, 1)).not.toBeNull();
  });
});

test("logarithms neither overflow nor turn into NaN over a hundred thousand events", () => {
  let log = RATIOS.map(() => 0);
  for (let n = 0; n < 100_000; n += 1)
    log = log.map((value, i) => value + logFactor(RATIOS[i] ?? 1, 0.01, true));
  expect(Number.isFinite(logMeanExp(log))).toBe(true);
  expect(logMeanExp([-5_000, -5_000])).toBeCloseTo(-5_000, 9);
  expect(logMeanExp([-Infinity, -Infinity])).toBe(-Infinity);
});

test("evidence over two metrics is the mean of the two", () => {
  const loud = evidenceOf(4, 0, 50_000);
  const mean = (Math.exp(logEvidence(loud)) + 1) / 2;
  expect(Math.exp(logCombinedEvidence([loud, EMPTY_EVIDENCE]))).toBeCloseTo(mean, 6);
  expect(logCombinedEvidence([])).toBe(0);
});

describe("safe", () => {
  test("needs data: nothing seen is not safe", () => {
    expect(isSafe(EMPTY_EVIDENCE, 0.05, null, 0.01)).toBe(false);
    expect(isSafe(EMPTY_EVIDENCE, 0.05, 0, 0.01)).toBe(false);
  });

  test("follows from the rule of three at 300 identities that v2 never failed", () => {
    expect(isSafe(EMPTY_EVIDENCE, 0.05, 299, 0.01)).toBe(false);
    expect(isSafe(EMPTY_EVIDENCE, 0.05, 300, 0.01)).toBe(true);
    expect(isSafe(evidenceOf(1, 0, 50_000), 0.05, 1_000, 0.01)).toBe(false);
  });

  test("follows when v2 has its fair share of many failures, and not when it has twice that", () => {
    expect(isSafe(evidenceOf(50, 50, 500_000), 0.05, null, 0.01)).toBe(true);
    expect(isSafe(evidenceOf(67, 33, 500_000), 0.05, null, 0.01)).toBe(false);
  });
});
