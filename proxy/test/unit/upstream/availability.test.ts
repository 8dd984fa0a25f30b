import { expect, test } from "vitest";
import { Availability } from "../../../src/upstream/availability.ts";

const SLOW_START_MS = 10_000;
const HASHES = Array.from({ length: 10_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);

/** Share of identities that v2 takes, that long after its recovery. */
function shareAt(availability: Availability, nowMs: number): number {
  return HASHES.filter((hash) => availability.takes("v2", hash, SLOW_START_MS, nowMs)).length / HASHES.length;
}

test("a version is available to everyone from the start, without a slow start", () => {
  expect(shareAt(new Availability(), 0)).toBe(1);
});

test("an unhealthy version takes nobody, and the other is not concerned", () => {
  const availability = new Availability();
  expect(availability.set("v2", false, 0)).toBe(true);
  expect(availability.set("v2", false, 1)).toBe(false);
  expect(shareAt(availability, 2)).toBe(0);
  expect(availability.isHealthy("v1")).toBe(true);
});

test("after a recovery the share grows with time, and nobody goes back and forth", () => {
  const availability = new Availability();
  availability.set("v2", false, 0);
  availability.set("v2", true, 1_000);
  for (const part of [0, 0.25, 0.5, 0.75]) {
    expect(shareAt(availability, 1_000 + part * SLOW_START_MS)).toBeCloseTo(part, 1);
  }
  expect(shareAt(availability, 1_000 + SLOW_START_MS)).toBe(1);
  for (const hash of HASHES.slice(0, 500)) {
    let taken = false;
    for (let ms = 1_000; ms <= 1_000 + SLOW_START_MS; ms += 500) {
      const takes = availability.takes("v2", hash, SLOW_START_MS, ms);
      expect(takes || !taken).toBe(true);
      taken = takes;
    }
  }
});

test("without an identity a request waits for the end of the slow start", () => {
  const availability = new Availability();
  availability.set("v2", false, 0);
  availability.set("v2", true, 0);
  expect(availability.takes("v2", null, SLOW_START_MS, 9_999)).toBe(false);
  expect(availability.takes("v2", null, SLOW_START_MS, 10_000)).toBe(true);
});
