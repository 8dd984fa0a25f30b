import type { Options } from "k6/options";
import { duration, whole } from "../src/environment.ts";
import { browse } from "../src/traffic.ts";

/** The same load for hours: leaks of memory, connections or time show at the end, in the report's plots and in Grafana. */
export const options: Options = {
  scenarios: {
    readers: {
      executor: "constant-arrival-rate",
      rate: whole("RATE", 30),
      timeUnit: "1s",
      duration: duration("DURATION", "2h"),
      preAllocatedVUs: 20,
      maxVUs: 200,
    },
  },
  thresholds: {
    request_failed: ["rate<0.0001"],
    unversioned: ["count==0"],
    dropped_iterations: ["count<10"],
    request_ms: ["p(99)<1000"],
  },
};

export default function soak(): void {
  browse();
}
