import type { Options } from "k6/options";
import { decimal, duration, whole } from "../src/environment.ts";
import { browse } from "../src/traffic.ts";

const usual = whole("RATE", 20);
const hold = duration("DURATION", "15s");

/** Ten times the usual load within a second, and back. */
export const options: Options = {
  scenarios: {
    readers: {
      executor: "ramping-arrival-rate",
      startRate: usual,
      timeUnit: "1s",
      preAllocatedVUs: 50,
      maxVUs: 400,
      stages: [
        { target: usual, duration: hold },
        { target: usual * 10, duration: "1s" },
        { target: usual * 10, duration: hold },
        { target: usual, duration: "1s" },
        { target: usual, duration: hold },
      ],
    },
  },
  thresholds: {
    request_failed: [`rate<${decimal("MAX_FAILED", 0.01)}`],
    unversioned: ["count==0"],
  },
};

export default function spike(): void {
  browse();
}
