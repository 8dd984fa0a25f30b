import type { Options } from "k6/options";
import { browseEverything } from "../src/traffic.ts";

/** A few users, every endpoint: is anything there at all? */
export const options: Options = {
  vus: 2,
  iterations: 20,
  thresholds: {
    checks: ["rate==1"],
    request_failed: ["rate==0"],
    unversioned: ["count==0"],
    request_ms: ["p(95)<1000"],
  },
};

export default function smoke(): void {
  browseEverything(`smoke-${__VU}-${__ITER}`);
}
