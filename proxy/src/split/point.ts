/** Number of points on the line that identities are spread over. */
export const POINTS = 1_000_000;

/** xxHash32 of a string's UTF-8 form with a seed, as an unsigned 32-bit integer. `xxhash-wasm`'s `h32` fits. */
export type Hash32 = (input: string, seed?: number) => number;

/** Hash of a salted identity: `xxHash32(salt + U+0000 + identity, seed 0)`, unsigned. */
export function hashIdentity(hash32: Hash32, salt: string, identity: string): number {
  return hash32(`${salt}\0${identity}`, 0) >>> 0;
}

/**
 * The point, 0 to 999,999, of an unsigned 32-bit hash: `floor(hash * 1000000 / 2^32)`. The product stays below
 * 2^53, so the arithmetic is exact.
 */
export function pointOfHash(hash: number): number {
  return Math.floor((hash * POINTS) / 4_294_967_296);
}

/** How far a point lies behind the start of the cohort: v2 if and only if this is below the weight. */
export function distanceFromOffset(point: number, offset: number): number {
  return (point - offset + POINTS) % POINTS;
}
