import { afterAll, beforeAll, expect, test } from "vitest";
import { AnswerFuzz } from "../../../fuzz/answer-fuzz.ts";

const INPUTS = 3_000;

let fuzz: AnswerFuzz;

beforeAll(async () => {
  fuzz = await AnswerFuzz.start();
});

afterAll(async () => {
  await fuzz?.[Symbol.asyncDispose]();
});

test("of thousands of good and spoilt answers each is relayed as a strict reader reads it, refused, or cut", async () => {
  const report = await fuzz.run(Array.from({ length: INPUTS }, (_, i) => i));
  expect(report.problems).toEqual([]);
  expect(report.inputs).toBe(INPUTS);
  // The run is worth something only if all three ends are met often.
  expect(report.relayed).toBeGreaterThan(INPUTS / 4);
  expect(report.refused).toBeGreaterThan(INPUTS / 10);
  expect(report.cut).toBeGreaterThan(INPUTS / 50);
}, 60_000);
