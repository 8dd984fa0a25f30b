import { hashIdentity, pointOfHash } from "../split/point.ts";
import type { Hashes } from "../hashes.ts";
import type { SeenIdentity } from "./messages.ts";

/** Identities that one worker remembers. */
const CAPACITY = 1024;

/**
 * The identities that a worker saw last, for a preview to say who of them would move. A ring of references: noting one costs a
 * store and keeps no copy. They leave the worker as hashes only and are never logged.
 */
export class SeenIdentities {
  readonly #ring: (string | null)[] = Array.from({ length: CAPACITY }, () => null);
  #next = 0;
  #last: string | null = null;

  note(identity: string): void {
    // A client that asks again and again must not push out everybody else.
    if (identity === this.#last) return;
    this.#last = identity;
    this.#ring[this.#next] = identity;
    this.#next = (this.#next + 1) % CAPACITY;
  }

  /** Each identity once, with its points under two salts. */
  describe(hashes: Hashes, oldSalt: string, newSalt: string): SeenIdentity[] {
    const distinct = new Set(this.#ring);
    const seen: SeenIdentity[] = [];
    for (const identity of distinct) {
      if (identity === null) continue;
      seen.push({
        key: hashes.hash64(identity),
        oldPoint: pointOfHash(hashIdentity(hashes.hash32, oldSalt, identity)),
        newPoint: pointOfHash(hashIdentity(hashes.hash32, newSalt, identity)),
      });
    }
    return seen;
  }
}
