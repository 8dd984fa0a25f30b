import { isRecord } from "./is-record.ts";
import type { Finding } from "./leaf.ts";
import { findNearest } from "./nearest.ts";

/** Deprecation of a route as the file writes it. */
export interface DeprecationConfig {
  /** When the route became, or becomes, deprecated. */
  readonly since: string;
  /** When it may stop answering; not before `since`. */
  readonly sunset?: string;
  /** Path prefix that takes the route's place in the successor's address. */
  readonly successor?: string;
}

const keys = ["since", "sunset", "successor"];
const dateExpected =
  'a date such as "2026-06-01" or "Mon, 01 Jun 2026 00:00:00 GMT" whose day of the week fits';

/** Everything wrong with a route's `deprecation`; `prefix` is the route's own. */
export function findInDeprecation(value: unknown, prefix: unknown, at: string): Finding[] {
  if (!isRecord(value)) {
    return [{ at, value, expected: "{since, sunset, successor}" }];
  }
  const found: Finding[] = [];
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) {
      const unknownKey = { suggestion: findNearest(key, keys) };
      found.push({ at: `${at}.${key}`, value: undefined, expected: "a known key", unknownKey });
    }
  }
  const { since, sunset, successor } = value;
  const sinceMs = parseDate(since);
  const sunsetMs = sunset === undefined ? null : parseDate(sunset);
  if (sinceMs === null) {
    found.push({ at: `${at}.since`, value: since, expected: dateExpected });
  }
  if (sunset !== undefined && sunsetMs === null) {
    found.push({ at: `${at}.sunset`, value: sunset, expected: dateExpected });
  }
  if (sinceMs !== null && sunsetMs !== null && sunsetMs < sinceMs) {
    // RFC 9745 §4: the sunset date must not be earlier than the deprecation date.
    found.push({ at: `${at}.sunset`, value: sunset, expected: "a date that is not before since" });
  }
  if (successor !== undefined && !isSuccessor(successor, prefix)) {
    const expected = "a path that starts with / and, like the prefix, does or does not end with /";
    found.push({ at: `${at}.successor`, value: successor, expected });
  }
  return found;
}

/** What follows the prefix in a request follows the successor in the link, so both must end alike. */
function isSuccessor(successor: unknown, prefix: unknown): boolean {
  if (typeof successor !== "string" || !/^\/[A-Za-z0-9\-._~/]{0,512}$/.test(successor)) {
    return false;
  }
  return typeof prefix !== "string" || prefix.endsWith("/") === successor.endsWith("/");
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Reads `2026-06-01`, `2026-06-01T12:00:00Z` or an HTTP date (RFC 9110 §5.6.7). Each must be the one way to write its
 * instant: 31 June and a Monday that is a Tuesday are refused, not corrected.
 *
 * @returns milliseconds since 1970 UTC, or null
 */
export function parseDate(value: unknown): number | null {
  if (typeof value !== "string") {
    return null;
  }
  const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$/.test(value);
  const ms = iso ? Date.parse(value) : Date.parse(isHttpDate(value) ? value : "");
  if (Number.isNaN(ms)) {
    return null;
  }
  const date = new Date(ms);
  const written = iso
    ? date.toISOString().slice(0, value.length - (value.length > 10 ? 1 : 0))
    : date.toUTCString();
  const given = iso && value.length > 10 ? value.slice(0, -1) : value;
  return written === given ? ms : null;
}

function isHttpDate(value: string): boolean {
  const match = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d ([A-Z][a-z]{2}) \d{4} \d\d:\d\d:\d\d GMT$/.exec(
    value,
  );
  return match !== null && months.includes(match[1] ?? "");
}

/** A route's deprecation, ready for response headers. */
export interface Deprecation {
  /** RFC 9745: a structured date, `@` and seconds. */
  readonly deprecation: string;
  /** RFC 8594: an HTTP date; null for none. */
  readonly sunset: string | null;
  readonly successor: string | null;
}

/** @param config validated by {@link findInDeprecation} */
export function compileDeprecation(config: DeprecationConfig): Deprecation {
  const sunsetMs = config.sunset === undefined ? null : parseDate(config.sunset);
  return {
    deprecation: `@${Math.floor((parseDate(config.since) ?? 0) / 1000)}`,
    sunset: sunsetMs === null ? null : new Date(sunsetMs).toUTCString(),
    successor: config.successor ?? null,
  };
}
