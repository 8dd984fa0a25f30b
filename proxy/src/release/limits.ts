import type { SplitVersion } from "../split/decide.ts";

/**
 * The owner's limits: plain thresholds on what requests get, as SREs know them, with what it takes not to roll back on
 * noise: minimum counts, a difference that chance does not make, and two windows in a row.
 */
export interface LimitSettings {
  /** v2's error rate may exceed v1's by at most this, as a share (0.05 = 5 points). */
  readonly maxErrorRateExcess: number;
  /** v2's p99 in ms: more than 1 % of requests slower than this breach it, while v1 keeps it. */
  readonly maxP99Ms: number;
  /** The fewest requests of each version in a window for it to be judged. */
  readonly minRequests: number;
}

export const DEFAULT_LIMITS: LimitSettings = Object.freeze({
  maxErrorRateExcess: 0.05,
  maxP99Ms: 500,
  minRequests: 200,
});

/** What one version did in one window. */
export interface VersionCounts {
  readonly requests: number;
  readonly failures: number;
  /** Requests slower than {@link LimitSettings.maxP99Ms}; it must be a bound of the histogram. */
  readonly overP99Limit: number;
}

/** One closed window; windows do not overlap. */
export type TrafficWindow = Readonly<Record<SplitVersion, VersionCounts>>;

/** Windows in a row that have to breach. */
export const BREACHED_WINDOWS = 2;
const P99_SHARE = 0.01;
/** One in 2,000 by chance; squared by the second window, in a week of windows of 30 s about once in 200 weeks. */
const MIN_Z = 3.3;

/**
 * The limit that the newest windows breach, in words, or `null`.
 *
 * @param windows closed windows, oldest first; those before the last change of weight must not be among them
 */
export function breachedLimit(windows: readonly TrafficWindow[], settings: LimitSettings): string | null {
  const newest = windows.slice(-BREACHED_WINDOWS);
  const last = newest.at(-1);
  if (last === undefined || newest.length < BREACHED_WINDOWS) return null;
  if (newest.every((window) => breachesErrorRate(window, settings))) {
    return (
      `v2 failed ${percent(last.v2.failures / last.v2.requests)} of ${last.v2.requests} requests and v1 ` +
      `${percent(last.v1.failures / last.v1.requests)} of ${last.v1.requests}, more than the ` +
      `${percent(settings.maxErrorRateExcess)} allowed on top`
    );
  }
  if (newest.every((window) => breachesP99(window, settings))) {
    return (
      `v2's p99 is over ${settings.maxP99Ms} ms (${last.v2.overP99Limit} of ${last.v2.requests} requests ` +
      `slower) while v1's is not (${last.v1.overP99Limit} of ${last.v1.requests})`
    );
  }
  return null;
}

function breachesErrorRate({ v1, v2 }: TrafficWindow, settings: LimitSettings): boolean {
  if (Math.min(v1.requests, v2.requests) < settings.minRequests) return false;
  const excess = v2.failures / v2.requests - v1.failures / v1.requests;
  return (
    excess > settings.maxErrorRateExcess && zOf(v1.failures, v1.requests, v2.failures, v2.requests) >= MIN_Z
  );
}

function breachesP99({ v1, v2 }: TrafficWindow, settings: LimitSettings): boolean {
  if (Math.min(v1.requests, v2.requests) < settings.minRequests) return false;
  return (
    v2.overP99Limit > v2.requests * P99_SHARE &&
    v1.overP99Limit <= v1.requests * P99_SHARE &&
    zOf(v1.overP99Limit, v1.requests, v2.overP99Limit, v2.requests) >= MIN_Z
  );
}

/** The pooled two-proportion z statistic of "v2's share is higher"; 0 when nothing or everything happened. */
function zOf(hits1: number, of1: number, hits2: number, of2: number): number {
  const pooled = (hits1 + hits2) / (of1 + of2);
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / of1 + 1 / of2));
  return deviation > 0 ? (hits2 / of2 - hits1 / of1) / deviation : 0;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
