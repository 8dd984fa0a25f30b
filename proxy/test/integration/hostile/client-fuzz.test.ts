import { afterAll, beforeAll, expect, test } from "vitest";
import { ClientFuzz } from "../../../fuzz/client-fuzz.ts";
import { FAILED_SEEDS } from "../../../fuzz/failed-seeds.ts";

const INPUTS = 6_000;

let fuzz: ClientFuzz;

beforeAll(async () => {
  fuzz = await ClientFuzz.start();
});

afterAll(async () => {
  await fuzz?.[Symbol.asyncDispose]();
});

test("inputs that once showed a difference show none", async () => {
  const report = await fuzz.run(FAILED_SEEDS);
  expect(report.problems).toEqual([]);
});

test("thousands of grown and spoilt inputs end with no hang, no dead worker, nothing malformed upstream, and no request that the upstream reads differently", async () => {
  const report = await fuzz.run(Array.from({ length: INPUTS }, (_, i) => i));
  expect(report.problems).toEqual([]);
  expect(report.inputs).toBe(INPUTS);
  // The run is worth something only if much was relayed and much refused.
  expect(report.relayed).toBeGreaterThan(INPUTS / 4);
  expect(report.statuses.get(400) ?? 0).toBeGreaterThan(INPUTS / 10);
}, 60_000);
