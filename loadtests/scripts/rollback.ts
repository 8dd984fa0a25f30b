import { sleep } from "k6";
import { Counter, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { readWeight, setWeight } from "../src/admin.ts";
import { duration, whole } from "../src/environment.ts";
import { browse, versionOf } from "../src/traffic.ts";

const drills = whole("DRILLS", 3);
const watched = 40;

/** Milliseconds from the operator's command to its answer. */
const commandMs = new Trend("rollback_command_ms", true);
/** Milliseconds from the operator's command until every watched user of v2 was seen on v1. */
const rollbackMs = new Trend("rollback_ms", true);
/** Users that v2 still answered after the command had been acknowledged. */
const late = new Counter("late_on_v2");

/** The rollback drill: 50 % under load, then 0; how long until nobody is on v2? */
export const options: Options = {
  scenarios: {
    operator: {
      executor: "per-vu-iterations",
      exec: "drill",
      vus: 1,
      iterations: drills,
      maxDuration: "30m",
    },
    readers: {
      executor: "constant-arrival-rate",
      exec: "read",
      rate: whole("RATE", 20),
      timeUnit: "1s",
      duration: duration("DURATION", "30s"),
      preAllocatedVUs: 20,
      maxVUs: 200,
    },
  },
  thresholds: {
    request_failed: ["rate<0.001"],
    late_on_v2: ["count==0"],
    rollback_ms: ["max<5000"],
  },
};

export function setup(): { readonly weightBefore: number } {
  return { weightBefore: readWeight() };
}

export function drill(): void {
  setWeight(50);
  sleep(2);
  const onV2 = findUsersOnV2();
  const begun = Date.now();
  setWeight(0);
  commandMs.add(Date.now() - begun);
  let remaining = onV2;
  for (let round = 0; remaining.length > 0 && round < 100; round += 1) {
    remaining = remaining.filter((user) => versionOf(user) === "v2");
    late.add(remaining.length);
  }
  if (remaining.length > 0) throw new Error(`${remaining.length} users are still on v2`);
  rollbackMs.add(Date.now() - begun);
}

function findUsersOnV2(): readonly string[] {
  const found: string[] = [];
  for (let i = 0; found.length < watched; i += 1) {
    if (i > watched * 10) throw new Error("too few users are on v2 at a weight of 50 %");
    if (versionOf(`drill-${i}`) === "v2") found.push(`drill-${i}`);
  }
  return found;
}

export function read(): void {
  browse();
}

export function teardown({ weightBefore }: { readonly weightBefore: number }): void {
  setWeight(weightBefore);
}
