import { KEPT_DAYS, lastDays, requestsOn } from "./route-usage.ts";
import type { RouteUsage } from "./route-usage.ts";

/** A route that is deprecated by the config in force. */
export interface DeprecatedRoute {
  readonly name: string;
  readonly prefix: string;
  /** When it may stop answering, in ms since 1970; `null` when nobody has said. */
  readonly sunsetMs: number | null;
}

/** A share of all traffic that deprecated routes must have come down to. */
export interface Gate {
  readonly percent: number;
  readonly passed: boolean;
}

export interface RouteReadiness {
  readonly name: string;
  readonly prefix: string;
  /** Requests by UTC day, oldest first; `null` on a day on which the route was not watched. */
  readonly requestsByDay: readonly { readonly day: string; readonly requests: number | null }[];
  readonly lastSeen: string | null;
  /** Share of all requests of the last 7 days, 0 to 1; `null` without any. */
  readonly share: number | null;
}

export interface Readiness {
  readonly removable: boolean;
  /** Whether API v1 can be removed, and if not, everything that stands against it. */
  readonly sentence: string;
  /** Of all deprecated routes together, over the last 7 days. */
  readonly share: number | null;
  readonly gates: readonly Gate[];
  readonly routes: readonly RouteReadiness[];
}

/** The gates on the way out; the last is no request at all. */
const GATE_PERCENTS = [50, 20, 10, 0] as const;
/** A share is taken over a whole week, since weekends differ. */
const SHARE_DAYS = 7;
/** So long must there have been no request: four weeks, so that a monthly job has very likely run. */
const QUIET_DAYS = 28;

/** What the counts say about removing the deprecated routes. Pure. */
export function assessReadiness(
  usage: RouteUsage,
  routes: readonly DeprecatedRoute[],
  nowMs: number,
): Readiness {
  const week = lastDays(nowMs, SHARE_DAYS);
  const total = week.reduce((sum, day) => sum + (usage.days[day]?.total ?? 0), 0);
  const requestsIn = (name: string, days: readonly string[]): number =>
    days.reduce((sum, day) => sum + (requestsOn(usage, day, name) ?? 0), 0);
  const shareOf = (requests: number): number | null => (total === 0 ? null : requests / total);
  const share = shareOf(routes.reduce((sum, { name }) => sum + requestsIn(name, week), 0));
  const obstacles = findObstacles(usage, routes, nowMs, (name) => requestsIn(name, week), shareOf);
  const quiet = routes.length > 0 && isQuiet(usage, routes, nowMs);
  return {
    removable: obstacles.length === 0,
    sentence: sentenceOf(routes, obstacles),
    share,
    gates: GATE_PERCENTS.map((percent) => ({
      percent,
      passed: percent === 0 ? quiet : share !== null && share <= percent / 100,
    })),
    routes: routes.map(({ name, prefix }) => ({
      name,
      prefix,
      requestsByDay: lastDays(nowMs, KEPT_DAYS)
        .toReversed()
        .map((day) => ({ day, requests: requestsOn(usage, day, name) })),
      lastSeen: lastSeenOf(usage, name),
      share: shareOf(requestsIn(name, week)),
    })),
  };
}

/** Every route was watched on each of the days and got nothing, while there was other traffic to be seen. */
function isQuiet(usage: RouteUsage, routes: readonly DeprecatedRoute[], nowMs: number): boolean {
  const days = lastDays(nowMs, QUIET_DAYS);
  const traffic = days.some((day) => (usage.days[day]?.total ?? 0) > 0);
  return traffic && routes.every(({ name }) => days.every((day) => requestsOn(usage, day, name) === 0));
}

function findObstacles(
  usage: RouteUsage,
  routes: readonly DeprecatedRoute[],
  nowMs: number,
  requestsInWeek: (name: string) => number,
  shareOf: (requests: number) => number | null,
): string[] {
  if (routes.length === 0) return ["no route is marked deprecated (routes: deprecation in the config)"];
  const days = lastDays(nowMs, QUIET_DAYS);
  const obstacles = routes.flatMap(({ name, sunsetMs }) => {
    const found: string[] = [];
    const requests = days.reduce((sum, day) => sum + (requestsOn(usage, day, name) ?? 0), 0);
    const watched = days.filter((day) => requestsOn(usage, day, name) !== null).length;
    if (requests > 0) {
      const share = shareOf(requestsInWeek(name));
      const ofAll = share === null ? "" : `, ${percent(share)} of all traffic of the last ${SHARE_DAYS}`;
      const last = lastSeenOf(usage, name) ?? "a time unknown";
      found.push(
        `${name} got ${requests} requests in the last ${QUIET_DAYS} days${ofAll}, the last at ${last}`,
      );
    } else if (watched < QUIET_DAYS) {
      found.push(`${name} was watched on ${watched} of the last ${QUIET_DAYS} days only`);
    }
    if (sunsetMs !== null && sunsetMs > nowMs) {
      found.push(`the sunset of ${name} is on ${new Date(sunsetMs).toISOString().slice(0, 10)}`);
    }
    return found;
  });
  const traffic = days.some((day) => (usage.days[day]?.total ?? 0) > 0);
  return traffic ? obstacles : [...obstacles, "there was no traffic at all, which says nothing"];
}

function sentenceOf(routes: readonly DeprecatedRoute[], obstacles: readonly string[]): string {
  if (obstacles.length > 0) return `API v1 cannot be removed yet: ${obstacles.join("; ")}.`;
  const names = routes.map(({ name }) => name).join(", ");
  return `API v1 can be removed: nobody has asked for ${names} for ${QUIET_DAYS} days.`;
}

function lastSeenOf({ lastSeen }: RouteUsage, route: string): string | null {
  return Object.hasOwn(lastSeen, route) ? (lastSeen[route] ?? null) : null;
}

function percent(share: number): string {
  // A share that is not 0 must not read as 0.
  const text = (share * 100).toFixed(2);
  return share > 0 && Number(text) === 0 ? "under 0.01 %" : `${Number(text)} %`;
}
