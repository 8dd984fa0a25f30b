import type { SplitVersion } from "../split/decide.ts";
import type { IdentityHash } from "./identity-map.ts";

/**
 * The fast breaker for total failure: at least half of v2's requests failing, over at least 20 requests and from at
 * least 5 identities, within 10 s, while v1 is fine. It needs no statistics and so no time; a single broken client
 * does not trip it, nor does an outage of what both versions stand on.
 */
export interface BreakerSettings {
  readonly windowMs: number;
  readonly failureShare: number;
  readonly minRequests: number;
  readonly minIdentities: number;
}

export const DEFAULT_BREAKER: BreakerSettings = Object.freeze({
  windowMs: 10_000,
  failureShare: 0.5,
  minRequests: 20,
  minIdentities: 5,
});

/** What the last window showed. */
export interface BreakerReading {
  readonly tripped: boolean;
  readonly requests: Readonly<Record<SplitVersion, number>>;
  readonly failures: Readonly<Record<SplitVersion, number>>;
  /** Distinct identities that v2 failed, counted up to the number needed. */
  readonly identities: number;
}

export interface Breaker {
  /** Adds requests and failures of a version, as counted since the last call. */
  count(version: SplitVersion, requests: number, failures: number, monotonicMs: number): void;
  /** Notes an identity that v2 failed. */
  failed(identity: IdentityHash, monotonicMs: number): void;
  /** @param v1Healthy what the health checks say: traffic is not moved onto a dead v1 */
  read(monotonicMs: number, v1Healthy: boolean): BreakerReading;
  /** Forgets everything: after an abort or a resume the old window says nothing. */
  clear(): void;
}

interface Bucket {
  /** Which slice of time the bucket holds, or -1. */
  slice: number;
  readonly requests: Record<SplitVersion, number>;
  readonly failures: Record<SplitVersion, number>;
  readonly identities: Set<IdentityHash>;
}

const BUCKETS = 10;
/** v1 counts as failing too from half of v2's threshold on, if it has served enough to tell. */
const V1_SHARE = 0.5;
const V1_MIN_REQUESTS = 4;

/** A breaker over a ring of ten buckets. Time is the caller's monotonic clock, in ms. */
export function createBreaker(settings: BreakerSettings = DEFAULT_BREAKER): Breaker {
  const sliceMs = settings.windowMs / BUCKETS;
  const ring = Array.from({ length: BUCKETS }, emptyBucket);

  function bucketAt(monotonicMs: number): Bucket {
    const slice = Math.floor(monotonicMs / sliceMs);
    const bucket = ring[slice % BUCKETS] ?? emptyBucket();
    if (bucket.slice !== slice) reset(bucket, slice);
    return bucket;
  }

  return {
    count(version, requests, failures, monotonicMs) {
      const bucket = bucketAt(monotonicMs);
      bucket.requests[version] += requests;
      bucket.failures[version] += failures;
    },
    failed(identity, monotonicMs) {
      const { identities } = bucketAt(monotonicMs);
      if (identities.size < settings.minIdentities) identities.add(identity);
    },
    read(monotonicMs, v1Healthy) {
      const newest = Math.floor(monotonicMs / sliceMs);
      const requests = { v1: 0, v2: 0 };
      const failures = { v1: 0, v2: 0 };
      const identities = new Set<IdentityHash>();
      for (const bucket of ring) {
        if (bucket.slice <= newest - BUCKETS || bucket.slice > newest) continue;
        requests.v1 += bucket.requests.v1;
        requests.v2 += bucket.requests.v2;
        failures.v1 += bucket.failures.v1;
        failures.v2 += bucket.failures.v2;
        for (const identity of bucket.identities) identities.add(identity);
      }
      const v1Fails =
        requests.v1 >= V1_MIN_REQUESTS && failures.v1 >= requests.v1 * settings.failureShare * V1_SHARE;
      const v2Fails =
        requests.v2 >= settings.minRequests &&
        failures.v2 >= requests.v2 * settings.failureShare &&
        identities.size >= settings.minIdentities;
      return { tripped: v2Fails && !v1Fails && v1Healthy, requests, failures, identities: identities.size };
    },
    clear() {
      for (const bucket of ring) reset(bucket, -1);
    },
  };
}

function emptyBucket(): Bucket {
  return { slice: -1, requests: { v1: 0, v2: 0 }, failures: { v1: 0, v2: 0 }, identities: new Set() };
}

function reset(bucket: Bucket, slice: number): void {
  bucket.slice = slice;
  bucket.requests.v1 = 0;
  bucket.requests.v2 = 0;
  bucket.failures.v1 = 0;
  bucket.failures.v2 = 0;
  bucket.identities.clear();
}
