import { sleep } from "k6";
import exec from "k6/execution";
import { Rate } from "k6/metrics";
import type { Options } from "k6/options";
import { readWeight, setWeight } from "../src/admin.ts";
import { whole } from "../src/environment.ts";
import { browse, versionOf } from "../src/traffic.ts";

const weekSeconds = whole("WEEK_SECONDS", 60);
const rate = whole("RATE", 30);
const weeks = [10, 50, 90, 100];
/** Requests so near to a change of the weight belong to no week. */
const marginSeconds = 2;

/** Share of users on v2, by `week`. */
const onV2 = new Rate("on_v2");

/** The four weeks of a release, 10, 50, 90 and 100 %, each in WEEK_SECONDS. */
export const options: Options = {
  scenarios: {
    operator: { executor: "per-vu-iterations", exec: "operate", vus: 1, iterations: 1, maxDuration: "1h" },
    newcomers: {
      executor: "constant-arrival-rate",
      exec: "arrive",
      rate,
      timeUnit: "1s",
      duration: `${weekSeconds * weeks.length}s`,
      preAllocatedVUs: 20,
      maxVUs: 200,
    },
    readers: {
      executor: "constant-arrival-rate",
      exec: "read",
      rate,
      timeUnit: "1s",
      duration: `${weekSeconds * weeks.length}s`,
      preAllocatedVUs: 20,
      maxVUs: 200,
    },
  },
  thresholds: {
    request_failed: ["rate<0.001"],
    ...Object.fromEntries(weeks.map((weight) => [`on_v2{week:${weight}}`, boundsFor(weight / 100)])),
  },
};

/** Each newcomer is drawn anew, so their number is binomial; 4.5 standard deviations leave 1 in 100,000 to chance. */
function boundsFor(weight: number): string[] {
  const newcomers = rate * (weekSeconds - 2 * marginSeconds);
  const slack = 4.5 * Math.sqrt((weight * (1 - weight)) / newcomers) + 1e-9;
  return [`rate>=${weight - slack}`, `rate<=${weight + slack}`];
}

export function setup(): { readonly weightBefore: number; readonly run: string } {
  return { weightBefore: readWeight(), run: String(Date.now()) };
}

export function operate(): void {
  for (const weight of weeks) {
    setWeight(weight);
    sleep(weekSeconds);
  }
}

export function arrive({ run }: { readonly run: string }): void {
  const elapsed = (Date.now() - exec.scenario.startTime) / 1000;
  const week = Math.floor(elapsed / weekSeconds);
  const within = elapsed - week * weekSeconds;
  const version = versionOf(`newcomer-${run}-${exec.scenario.iterationInTest}`);
  if (within < marginSeconds || within > weekSeconds - marginSeconds) return;
  onV2.add(version === "v2", { week: String(weeks[week]) });
}

export function read(): void {
  browse();
}

export function teardown({ weightBefore }: { readonly weightBefore: number }): void {
  setWeight(weightBefore);
}
