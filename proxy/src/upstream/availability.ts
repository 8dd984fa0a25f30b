import type { Version } from "../config/snapshot.ts";

/** Knuth's multiplicative constant, 2^32 / golden ratio: deals identities anew, apart from their points. */
const SCATTER = 2_654_435_761;

/**
 * Whether each version may take traffic, as one worker sees it. After a recovery the version's share grows back over
 * `slowStartMs`: a process that just came up is met by a few users first, not by all at once. Who is among the first
 * is a matter of the identity's hash, so that nobody goes back and forth.
 */
export class Availability {
  readonly #healthy: Record<Version, boolean> = { v1: true, v2: true };
  /** Monotonic milliseconds of the last recovery. */
  readonly #recoveredMs: Record<Version, number> = { v1: -Infinity, v2: -Infinity };

  isHealthy(version: Version): boolean {
    return this.#healthy[version];
  }

  /** @returns whether that was news */
  set(version: Version, healthy: boolean, nowMs: number): boolean {
    if (this.#healthy[version] === healthy) return false;
    this.#healthy[version] = healthy;
    if (healthy) this.#recoveredMs[version] = nowMs;
    return true;
  }

  /**
   * @param hash salted xxHash32 of the identity; `null` (no identity) counts as the last to come back
   */
  takes(version: Version, hash: number | null, slowStartMs: number, nowMs: number): boolean {
    if (!this.#healthy[version]) return false;
    const sinceMs = nowMs - this.#recoveredMs[version];
    if (sinceMs >= slowStartMs) return true;
    if (hash === null) return false;
    return (Math.imul(hash, SCATTER) >>> 0) / 2 ** 32 < sinceMs / slowStartMs;
  }
}
