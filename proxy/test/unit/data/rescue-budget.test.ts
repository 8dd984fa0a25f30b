import { expect, test } from "vitest";
import { RescueBudget, isIdempotent, isSafe } from "../../../src/data/rescue.ts";

/** Rescues out of that many tries at one moment. */
function spendAll(budget: RescueBudget, tries: number, nowMs: number): number {
  return Array.from({ length: tries }, () => budget.spend(nowMs)).filter(Boolean).length;
}

test("a budget that was used up grows by three a second without traffic", () => {
  const budget = new RescueBudget(0);
  spendAll(budget, 1_000, 0);
  expect(spendAll(budget, 100, 0)).toBe(0);
  expect(spendAll(budget, 100, 1_000)).toBe(3);
  expect(spendAll(budget, 100, 3_000)).toBe(6);
});

test("a budget that was used up grows by a fifth of the requests", () => {
  const budget = new RescueBudget(0);
  spendAll(budget, 1_000, 0);
  for (let i = 0; i < 100; i += 1) budget.earn();
  const rescued = spendAll(budget, 100, 0);
  expect(rescued).toBeGreaterThanOrEqual(19);
  expect(rescued).toBeLessThanOrEqual(20);
});

test("what is saved up is bounded, however long nothing fails", () => {
  const budget = new RescueBudget(0);
  for (let i = 0; i < 1_000_000; i += 1) budget.earn();
  expect(spendAll(budget, 10_000, 3_600_000)).toBe(200);
});

test("only safe methods are sent to another version, only idempotent ones a second time to the same", () => {
  expect(["GET", "HEAD", "OPTIONS"].every(isSafe)).toBe(true);
  expect(["POST", "PUT", "PATCH", "DELETE", "TRACE"].some(isSafe)).toBe(false);
  expect(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].every(isIdempotent)).toBe(true);
  expect(["POST", "PATCH"].some(isIdempotent)).toBe(false);
});
