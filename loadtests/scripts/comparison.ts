import exec from "k6/execution";
import { Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { readWeight, setWeight } from "../src/admin.ts";
import { decimal, duration, whole } from "../src/environment.ts";
import { browseAsBoth, versionOf } from "../src/traffic.ts";
import type { Answerer } from "../src/traffic.ts";

/** v2's milliseconds over v1's for the same request in the same moment. */
const ratio = new Trend("v2_over_v1");

/** v1 against v2 through the proxy: the same request as a user of each, in turns first, so that neither warms the other's way. */
export const options: Options = {
  scenarios: {
    pairs: {
      executor: "constant-arrival-rate",
      rate: whole("RATE", 15),
      timeUnit: "1s",
      duration: duration("DURATION", "1m"),
      preAllocatedVUs: 20,
      maxVUs: 100,
    },
  },
  thresholds: {
    "request_ms{version:v1}": ["p(95)>0"],
    "request_ms{version:v2}": [`p(95)<${decimal("P95_MS", 300)}`],
    "request_failed{version:v2}": ["rate<0.001"],
    v2_over_v1: [`med<${decimal("MAX_RATIO", 1)}`],
  },
};

interface Pair {
  readonly weightBefore: number;
  readonly userOfV1: string;
  readonly userOfV2: string;
}

export function setup(): Pair {
  const weightBefore = readWeight();
  setWeight(50);
  return { weightBefore, userOfV1: findUser("v1"), userOfV2: findUser("v2") };
}

export default function compare({ userOfV1, userOfV2 }: Pair): void {
  const v1First = exec.scenario.iterationInTest % 2 === 0;
  const times = v1First ? browseAsBoth(userOfV1, userOfV2) : browseAsBoth(userOfV2, userOfV1);
  const [v1, v2] = v1First ? times : [times[1], times[0]];
  if (v1 !== null && v2 !== null) ratio.add(v2 / v1);
}

export function teardown({ weightBefore }: Pair): void {
  setWeight(weightBefore);
}

function findUser(version: Answerer): string {
  for (let i = 0; i < 1_000; i += 1) {
    if (versionOf(`pair-${i}`) === version) return `pair-${i}`;
  }
  throw new Error(`no user of ${version} was found at a weight of 50 %`);
}
