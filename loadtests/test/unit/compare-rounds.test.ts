import { expect, test } from "vitest";
import { compareRounds } from "../../src/compare-rounds.ts";

const round = (v1: number, v2: number) => ({ versions: { v1: { p95Ms: v1 }, v2: { p95Ms: v2 } } });

test("the ratio is the median round's, so that one disturbed round decides nothing", () => {
  const before = [round(100, 30), round(200, 30), round(100, 30)];
  const after = [round(110, 30), round(220, 300), round(500, 33)];
  expect(
    compareRounds(before, after).map(({ version, ratio }) => [version, Number(ratio.toFixed(3))]),
  ).toEqual([
    ["v1", 1.1],
    ["v2", 1.1],
  ]);
});

test("rounds that are missing, or a version that did not answer, are errors", () => {
  expect(() => compareRounds([], [])).toThrow("at least one");
  expect(() => compareRounds([round(1, 1)], [])).toThrow("1 rounds before, 0 after");
  expect(() => compareRounds([round(1, 1)], [{ versions: { v1: { p95Ms: 1 } } }])).toThrow(
    "v2 did not answer",
  );
});
