import type { Options } from "k6/options";
import { decimal, duration, whole } from "../src/environment.ts";
import { browse } from "../src/traffic.ts";

const most = whole("RATE", 400);
const step = duration("STEP", "20s");

/**
 * More and more, up to RATE a second, beyond what the services can do: it may become slow, it may answer 503, but it has to
 * answer, and to be well again at the end (the stage `after`).
 */
export const options: Options = {
  scenarios: {
    stress: {
      executor: "ramping-arrival-rate",
      startRate: 1,
      timeUnit: "1s",
      preAllocatedVUs: 50,
      maxVUs: 500,
      stages: [0.25, 0.5, 0.75, 1, 1].map((share) => ({ target: Math.ceil(most * share), duration: step })),
      gracefulStop: "10s",
      tags: { stage: "stress" },
    },
    after: {
      executor: "constant-arrival-rate",
      startTime: after(step, 5),
      rate: Math.ceil(most / 20),
      timeUnit: "1s",
      duration: step,
      preAllocatedVUs: 20,
      maxVUs: 100,
      tags: { stage: "after" },
    },
  },
  thresholds: {
    unversioned: ["count==0"],
    "request_failed{stage:stress}": [`rate<${decimal("MAX_FAILED", 0.05)}`],
    "request_failed{stage:after}": ["rate<0.001"],
    "request_ms{stage:after}": ["p(95)<500"],
  },
};

/** When that many steps and the requests still under way are over. */
function after(length: string, steps: number): string {
  const seconds = /^(\d+)s$/.exec(length)?.[1];
  if (seconds === undefined) throw new Error(`STEP: expected seconds, such as 20s, got ${length}`);
  return `${Number(seconds) * steps + 12}s`;
}

export default function stress(): void {
  browse();
}
