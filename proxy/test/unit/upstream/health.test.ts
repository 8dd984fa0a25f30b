import { expect, test } from "vitest";
import { FRESH_HEALTH, assessProbe } from "../../../src/upstream/health.ts";
import type { VersionHealth } from "../../../src/upstream/health.ts";

const THRESHOLDS = { unhealthyAfter: 3, healthyAfter: 2 };

/** Health after probes that were good (`+`) or bad (`-`), one after the other. */
function after(probes: string, from: VersionHealth = FRESH_HEALTH): VersionHealth {
  return probes
    .split("")
    .reduce<VersionHealth>((health, probe) => assessProbe(health, probe === "+", THRESHOLDS), from);
}

test("a version becomes unhealthy after that many bad checks in a row, and not before", () => {
  expect(after("--").healthy).toBe(true);
  expect(after("--+--").healthy).toBe(true);
  expect(after("---").healthy).toBe(false);
});

test("a version becomes healthy after that many good checks in a row, and not before", () => {
  const down = after("---");
  expect(after("+", down).healthy).toBe(false);
  expect(after("+-+", down).healthy).toBe(false);
  expect(after("++", down).healthy).toBe(true);
});
