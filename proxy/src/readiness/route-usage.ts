/** Requests on deprecated routes by day, as they are kept over restarts. Plain data, pure functions; days are UTC, `YYYY-MM-DD`. */

/** What was counted on one day. */
interface DayUsage {
  /** All requests, whatever their route. */
  readonly total: number;
  /** Requests by deprecated route; 0 says that the route was watched that day. */
  readonly routes: Readonly<Record<string, number>>;
}

export interface RouteUsage {
  readonly days: Readonly<Record<string, DayUsage>>;
  /** When each deprecated route last got a request, RFC 3339 in UTC. */
  readonly lastSeen: Readonly<Record<string, string>>;
}

/** What came in since it was last counted. */
export interface UsageDelta {
  readonly total: number;
  /** Every route that is deprecated now, also those with no request. */
  readonly routes: Readonly<Record<string, number>>;
}

/** Days that are kept. */
export const KEPT_DAYS = 35;
/** Route names kept for a day, and over all days with their last request: a config that changes its names again and again stays small. */
const MAX_ROUTES = 256;

export const NO_USAGE: RouteUsage = Object.freeze({ days: {}, lastSeen: {} });

/** The day of a time. */
export function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** That many days, the newest first, today included. */
export function lastDays(wallMs: number, count: number): string[] {
  return Array.from({ length: count }, (_, ago) => dayOf(wallMs - ago * 86_400_000));
}

/** Requests of a route on a day; `null` when it was not watched then. */
export function requestsOn({ days }: RouteUsage, day: string, route: string): number | null {
  const routes = days[day]?.routes;
  // A route may be named like something that every object inherits.
  return routes !== undefined && Object.hasOwn(routes, route) ? (routes[route] ?? null) : null;
}

/** Adds what came in to today. */
export function addUsage(usage: RouteUsage, delta: UsageDelta, wallMs: number): RouteUsage {
  const day = dayOf(wallMs);
  const before = usage.days[day];
  const routes = new Map(Object.entries(before?.routes ?? {}));
  const lastSeen = new Map(Object.entries(usage.lastSeen));
  for (const [route, requests] of Object.entries(delta.routes)) {
    if (routes.has(route) || routes.size < MAX_ROUTES) routes.set(route, (routes.get(route) ?? 0) + requests);
    if (requests === 0) continue;
    // Set anew, so that the oldest stands first and goes first.
    lastSeen.delete(route);
    lastSeen.set(route, new Date(wallMs).toISOString());
  }
  const days = {
    ...usage.days,
    [day]: { total: (before?.total ?? 0) + delta.total, routes: Object.fromEntries(routes) },
  };
  return {
    days: keepNewest(days),
    lastSeen: Object.fromEntries([...lastSeen].slice(-MAX_ROUTES)),
  };
}

/** By order and not by distance from now: a clock that is wrong for an hour must not cost a month of counts. */
function keepNewest(days: Readonly<Record<string, DayUsage>>): Record<string, DayUsage> {
  const entries = Object.entries(days);
  if (entries.length <= KEPT_DAYS) return { ...days };
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).slice(-KEPT_DAYS));
}

/** Turns what a file held into usage, or says what is wrong with it. */
export function parseUsage(
  value: unknown,
): { readonly ok: true; readonly usage: RouteUsage } | { readonly ok: false; readonly problem: string } {
  if (!isFields(value) || value["version"] !== 1) return bad("it is not a usage file of version 1");
  const { days, lastSeen } = value;
  if (!isFields(days) || !isFields(lastSeen)) return bad("days or lastSeen is missing");
  const parsedDays = new Map<string, DayUsage>();
  for (const [day, entry] of Object.entries(days)) {
    const total = isFields(entry) ? entry["total"] : undefined;
    const routes = isFields(entry) ? entry["routes"] : undefined;
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || !isCount(total) || !isFields(routes)) {
      return bad(`days has a bad entry ${JSON.stringify(day)}`);
    }
    const counts = Object.entries(routes).flatMap(([route, count]) =>
      isCount(count) ? [[route, count] as const] : [],
    );
    if (counts.length < Object.keys(routes).length) return bad(`a count of ${day} is no whole number`);
    parsedDays.set(day, { total, routes: Object.fromEntries(counts) });
  }
  const seen = Object.entries(lastSeen).flatMap(([route, time]) =>
    typeof time === "string" && !Number.isNaN(Date.parse(time)) ? [[route, time] as const] : [],
  );
  if (seen.length < Object.keys(lastSeen).length) return bad("a time in lastSeen is none");
  return { ok: true, usage: { days: Object.fromEntries(parsedDays), lastSeen: Object.fromEntries(seen) } };
}

/** The text that {@link parseUsage} reads back. */
export function formatUsage({ days, lastSeen }: RouteUsage): string {
  return `${JSON.stringify({ version: 1, days, lastSeen })}\n`;
}

function bad(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
