import type { RouteConfig } from "./config.ts";
import { findInDeprecation } from "./deprecation.ts";
import type { Finding, Leaf } from "./leaf.ts";
import { isRecord } from "./is-record.ts";
import { findNearest } from "./nearest.ts";

const keys = ["name", "prefix", "pin", "stream", "deprecation"];
const mostRoutes = 200;
const wholeList = `a list of at most ${mostRoutes} routes, each {name, prefix, pin, stream, deprecation}`;
/** The name that requests get which no route takes. */
const otherRoute = "other";

/** The list of named routes. In the environment it is JSON. */
export function routeList(fallback: readonly RouteConfig[], doc: string): Leaf<readonly RouteConfig[]> {
  return { kind: "json", default: fallback, doc, expected: wholeList, findings: findInList };
}

function findInList(value: unknown): readonly Finding[] {
  if (!Array.isArray(value) || value.length > mostRoutes) {
    return [{ at: "", value, expected: wholeList }];
  }
  const routes: readonly unknown[] = value;
  const found: Finding[] = [];
  const names = new Set<string>();
  const prefixes: string[] = [];
  for (const [index, route] of routes.entries()) {
    const at = `[${index}]`;
    if (!isRecord(route)) {
      found.push({ at, value: route, expected: "a route, {name, prefix, pin, stream, deprecation}" });
      continue;
    }
    found.push(...findInRoute(route, at));
    const { name, prefix } = route;
    if (typeof name === "string" && names.has(name)) {
      found.push({ at: `${at}.name`, value: name, expected: "a name that no route above has" });
    }
    const above = typeof prefix === "string" ? prefixes.findIndex((earlier) => covers(earlier, prefix)) : -1;
    if (above !== -1) {
      const expected = `a prefix that routes[${above}] does not already take`;
      found.push({ at: `${at}.prefix`, value: prefix, expected });
    }
    names.add(typeof name === "string" ? name : "");
    prefixes.push(typeof prefix === "string" ? prefix : "\0");
  }
  return found;
}

function findInRoute(route: Record<string, unknown>, at: string): Finding[] {
  const found: Finding[] = [];
  for (const key of Object.keys(route)) {
    if (!keys.includes(key)) {
      const unknownKey = { suggestion: findNearest(key, keys) };
      found.push({ at: `${at}.${key}`, value: undefined, expected: "a known key", unknownKey });
    }
  }
  const { name, prefix, pin, stream, deprecation } = route;
  if (typeof name !== "string" || !/^[a-z0-9][a-z0-9_-]{0,47}$/.test(name) || name === otherRoute) {
    const expected = `a name of small letters, digits, - and _, at most 48, not "${otherRoute}"`;
    found.push({ at: `${at}.name`, value: name, expected });
  }
  if (typeof prefix !== "string" || !isPrefix(prefix)) {
    const expected = "a path that starts with / and has no %, //, . or .. segment";
    found.push({ at: `${at}.prefix`, value: prefix, expected });
  }
  if (pin !== undefined && pin !== "v1" && pin !== "v2") {
    found.push({ at: `${at}.pin`, value: pin, expected: "v1 or v2" });
  }
  if (stream !== undefined && typeof stream !== "boolean") {
    found.push({ at: `${at}.stream`, value: stream, expected: "true or false" });
  }
  if (deprecation !== undefined) {
    found.push(...findInDeprecation(deprecation, prefix, `${at}.deprecation`));
  }
  return found;
}

/** Only a path in normal form can match, because the guard refuses or normalises every other. */
function isPrefix(prefix: string): boolean {
  const segments = prefix.slice(1).split("/");
  const plain = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/]{0,512}$/.test(prefix);
  return plain && !prefix.includes("//") && !segments.includes(".") && !segments.includes("..");
}

/** Whether every path that `later` matches is already taken by `earlier`. */
function covers(earlier: string, later: string): boolean {
  return later === earlier || later.startsWith(earlier.endsWith("/") ? earlier : `${earlier}/`);
}
