import { CODE_LABELS, LATENCY_BOUNDS_SECONDS, reasonIndex, versionIndex } from "./series.ts";
import type { SlabReader } from "./slab.ts";

/** What a version did since the process started, of the requests that the hash placed. */
export interface VersionTraffic {
  readonly requests: number;
  readonly failures: number;
  readonly overP99Limit: number;
}

const HASH = reasonIndex("hash");
const RESCUE = reasonIndex("rescue");
const SERVER_ERROR = CODE_LABELS.indexOf("5xx");
const CLIENT_GONE = CODE_LABELS.indexOf("499");

/**
 * Adds the slab up for the release: requests by assignment, so that a rescue is a request of v2 and its failure.
 * Clients that went away count as neither.
 *
 * @param slots the routes that count: pinned ones are not drawn by the coin
 * @param maxP99Ms rounded up to a bound of the histograms
 */
export function readTraffic(
  slab: SlabReader,
  slots: readonly number[],
  maxP99Ms: number,
): Readonly<Record<"v1" | "v2", VersionTraffic>> {
  const v1 = versionIndex("v1");
  const v2 = versionIndex("v2");
  let rescued = 0;
  for (const slot of slots) {
    for (const code of CODE_LABELS.keys()) rescued += slab.requests(v1, slot, code, RESCUE);
  }
  const canary = readVersion(slab, v2, slots, maxP99Ms);
  return {
    v1: readVersion(slab, v1, slots, maxP99Ms),
    v2: { ...canary, requests: canary.requests + rescued, failures: canary.failures + rescued },
  };
}

function readVersion(
  slab: SlabReader,
  version: number,
  slots: readonly number[],
  maxP99Ms: number,
): VersionTraffic {
  let requests = 0;
  let failures = 0;
  let overP99Limit = 0;
  const first = boundAbove(maxP99Ms);
  for (const slot of slots) {
    for (const code of CODE_LABELS.keys()) {
      if (code !== CLIENT_GONE) requests += slab.requests(version, slot, code, HASH);
    }
    failures += slab.requests(version, slot, SERVER_ERROR, HASH);
    const cells = slab.histogram("duration", version, slot).slice(0, -1);
    for (const count of cells.slice(first + 1)) overP99Limit += count;
  }
  return { requests, failures, overP99Limit: Math.min(overP99Limit, requests) };
}

/** Index of the smallest bound that is not below the limit. */
function boundAbove(ms: number): number {
  const index = LATENCY_BOUNDS_SECONDS.findIndex((bound) => bound * 1000 >= ms);
  return index === -1 ? LATENCY_BOUNDS_SECONDS.length - 1 : index;
}

/** Answers that v1 must have given before its p99.9 says anything. */
const MIN_ANSWERS = 5_000;

/**
 * The bucket bound of v1's p99.9 time to first byte, in milliseconds: what counts as slow is what v1 does to one request in a
 * thousand. 0 while v1 has answered too little, or when the quantile lies beyond the last bound.
 */
export function slowThresholdMs(slab: SlabReader, slots: readonly number[]): number {
  const cells = Array.from({ length: LATENCY_BOUNDS_SECONDS.length + 1 }, () => 0);
  for (const slot of slots) {
    const histogram = slab.histogram("ttfb", versionIndex("v1"), slot);
    for (const i of cells.keys()) cells[i] = (cells[i] ?? 0) + (histogram[i] ?? 0);
  }
  const total = cells.reduce((sum, count) => sum + count, 0);
  if (total < MIN_ANSWERS) return 0;
  let below = 0;
  for (const [i, bound] of LATENCY_BOUNDS_SECONDS.entries()) {
    below += cells[i] ?? 0;
    if (below >= total * 0.999) return bound * 1000;
  }
  return 0;
}
