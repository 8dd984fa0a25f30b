import type { Config } from "../config/config.ts";
import { parseDate } from "../config/deprecation.ts";
import type { DeprecatedRoute } from "./assess-readiness.ts";

/** The routes that the config marks as deprecated. */
export function listDeprecatedRoutes({ routes }: Config): DeprecatedRoute[] {
  return routes.flatMap(({ name, prefix, deprecation }) =>
    deprecation === undefined ? [] : [{ name, prefix, sunsetMs: parseDate(deprecation.sunset) }],
  );
}
