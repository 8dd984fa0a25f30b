import type { Route } from "./router.ts";

/**
 * Adds the headers of a deprecated route to a response: Deprecation (RFC 9745), Sunset (RFC 8594) and a link to the same
 * place at the successor (RFC 5829), query kept.
 *
 * @param target path and query of the request
 */
export function pushDeprecation(headers: string[], route: Route, target: string): void {
  const { deprecation, prefix } = route;
  if (deprecation === null) return;
  headers.push("deprecation", deprecation.deprecation);
  if (deprecation.sunset !== null) headers.push("sunset", deprecation.sunset);
  if (deprecation.successor !== null) {
    // What is left of the target starts with neither a doubled nor a missing slash, whatever the two prefixes end in.
    const rest = target.slice(prefix.length);
    headers.push("link", `<${deprecation.successor}${rest}>; rel="successor-version"`);
  }
}
