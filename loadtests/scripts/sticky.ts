import { sleep } from "k6";
import { Counter } from "k6/metrics";
import type { Options } from "k6/options";
import { readWeight, setWeight } from "../src/admin.ts";
import { whole } from "../src/environment.ts";
import { versionOf } from "../src/traffic.ts";

const weights = [0, 10, 25, 50, 75, 90, 100];
const cohort = whole("COHORT", 200);
const visits = whole("VISITS", 3);

/** Users that went back from v2 to v1 while the weight grew. */
const movedBack = new Counter("moved_back");
/** Users whose version changed although the weight did not. */
const changedSides = new Counter("changed_sides");
/** Users that went on to v2: everybody, once, in the end. */
const movedOn = new Counter("moved_on");

/** A cohort visits again and again while the weight grows from 0 to 100: nobody may ever go back. */
export const options: Options = {
  vus: 1,
  iterations: 1,
  setupTimeout: "1m",
  thresholds: {
    moved_back: ["count==0"],
    changed_sides: ["count==0"],
    moved_on: [`count==${cohort}`],
    request_failed: ["rate==0"],
  },
};

export function setup(): { readonly weightBefore: number } {
  return { weightBefore: readWeight() };
}

export default function sticky(): void {
  const seen = new Map<string, string>();
  movedBack.add(0);
  changedSides.add(0);
  for (const weight of weights) {
    setWeight(weight);
    sleep(1);
    for (let visit = 0; visit < visits; visit += 1) {
      for (let i = 0; i < cohort; i += 1) noteVisit(seen, `sticky-${i}`, visit);
    }
  }
}

function noteVisit(seen: Map<string, string>, user: string, visit: number): void {
  const version = versionOf(user);
  const before = seen.get(user) ?? "v1";
  seen.set(user, version);
  if (version === before) return;
  if (version === "v1") movedBack.add(1);
  else if (visit > 0) changedSides.add(1);
  else movedOn.add(1);
}

export function teardown({ weightBefore }: { readonly weightBefore: number }): void {
  setWeight(weightBefore);
}
