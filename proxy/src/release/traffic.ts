import type { SplitVersion } from "../split/decide.ts";
import { BREACHED_WINDOWS, type TrafficWindow, type VersionCounts } from "./limits.ts";

/** Counts of each version since the process started, overrides and pins left out; a rescue counts as v2's failure. */
export type TrafficCounters = Readonly<Record<SplitVersion, VersionCounts>>;

/** Turns running counters into what was added since the last look, and that into windows. */
export interface Traffic {
  /** What each version did since the last call; the first call gives nothing, it sets the mark. */
  readonly added: (counters: TrafficCounters) => TrafficWindow;
  /** Adds to the open window and closes it when it is old enough. */
  readonly collect: (added: TrafficWindow, monotonicMs: number) => void;
  /** Closed windows, oldest first; as many as the limits look at. */
  readonly windows: () => readonly TrafficWindow[];
  /** Forgets windows, not the mark: after a change of weight the old ones say nothing. */
  readonly clear: () => void;
}

const NOTHING: VersionCounts = Object.freeze({ requests: 0, failures: 0, overP99Limit: 0 });
const NO_TRAFFIC: TrafficWindow = Object.freeze({ v1: NOTHING, v2: NOTHING });

/** @param windowMs length of a window on the monotonic clock */
export function createTraffic(windowMs: number): Traffic {
  let mark: TrafficCounters | null = null;
  let current = NO_TRAFFIC;
  let openedMs: number | null = null;
  let closed: TrafficWindow[] = [];
  return {
    added(counters) {
      const before = mark ?? counters;
      mark = counters;
      return { v1: since(before.v1, counters.v1), v2: since(before.v2, counters.v2) };
    },
    collect(added, monotonicMs) {
      openedMs ??= monotonicMs;
      current = { v1: plus(current.v1, added.v1), v2: plus(current.v2, added.v2) };
      if (monotonicMs - openedMs < windowMs) return;
      closed = [...closed, current].slice(-BREACHED_WINDOWS);
      current = NO_TRAFFIC;
      openedMs = monotonicMs;
    },
    windows: () => closed,
    clear() {
      current = NO_TRAFFIC;
      openedMs = null;
      closed = [];
    },
  };
}

function plus(left: VersionCounts, right: VersionCounts): VersionCounts {
  return {
    requests: left.requests + right.requests,
    failures: left.failures + right.failures,
    overP99Limit: left.overP99Limit + right.overP99Limit,
  };
}

/** Counters never fall, except when a worker's slice starts anew; then what it counts since is all that is known. */
function since(before: VersionCounts, now: VersionCounts): VersionCounts {
  if (now.requests < before.requests) return now;
  return {
    requests: now.requests - before.requests,
    failures: Math.max(0, now.failures - before.failures),
    overP99Limit: Math.max(0, now.overP99Limit - before.overP99Limit),
  };
}
