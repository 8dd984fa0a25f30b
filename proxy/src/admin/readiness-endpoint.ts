import type { Readiness } from "../readiness/assess-readiness.ts";
import type { AdminEndpoint } from "./server.ts";

/** `GET /readiness`: whether the deprecated routes can be removed. */
export function createReadinessEndpoint(readiness: () => Readiness): AdminEndpoint {
  return {
    method: "GET",
    path: "/readiness",
    handle: () => ({ status: 200, body: readiness() }),
  };
}
