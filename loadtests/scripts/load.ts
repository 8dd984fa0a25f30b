import type { Options } from "k6/options";
import { decimal, duration, whole } from "../src/environment.ts";
import { browse } from "../src/traffic.ts";

const rate = whole("RATE", 50);

/** The traffic of a usual day: RATE requests a second for DURATION, come what may. */
export const options: Options = {
  scenarios: {
    readers: {
      executor: "ramping-arrival-rate",
      startRate: 1,
      timeUnit: "1s",
      preAllocatedVUs: 20,
      maxVUs: 200,
      stages: [
        { target: rate, duration: "5s" },
        { target: rate, duration: duration("DURATION", "1m") },
      ],
    },
  },
  thresholds: {
    request_failed: ["rate<0.001"],
    unversioned: ["count==0"],
    dropped_iterations: ["count<10"],
    "request_ms{version:v1}": [`p(95)<${decimal("P95_MS", 500)}`],
    "request_ms{version:v2}": [`p(95)<${decimal("P95_MS", 500)}`],
  },
};

export default function load(): void {
  browse();
}
