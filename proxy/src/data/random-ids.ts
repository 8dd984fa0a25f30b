import { randomFillSync } from "node:crypto";

const ID_BYTES = 16;
const POOL_BYTES = 256 * ID_BYTES;

/**
 * Unguessable ids of 128 bits, 22 characters each. The randomness is drawn for many at once: one id at a time costs
 * ten times as much.
 */
export class RandomIds {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  next(): string {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += ID_BYTES;
    return this.#pool.toString("base64url", start, this.#used);
  }
}
