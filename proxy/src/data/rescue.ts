/** Share of requests that may be rescued, so that a rescue never doubles the load on v1. */
const SHARE = 0.2;
/** What is allowed whatever the traffic, each second. */
const MIN_PER_SECOND = 3;
/** Rescues that may be saved up: a version that dies takes everything in flight with it at once. */
const MAX_SAVED = 200;

/** Budget for rescues: 20 % of requests and at least 3 a second, saved up to a bound. Monotonic milliseconds. */
export class RescueBudget {
  #saved = MAX_SAVED;
  #refilledMs: number;

  constructor(nowMs: number) {
    this.#refilledMs = nowMs;
  }

  /** To be called for every request. */
  earn(): void {
    if (this.#saved < MAX_SAVED) this.#saved = Math.min(MAX_SAVED, this.#saved + SHARE);
  }

  /** Takes one rescue out of the budget, if there is one. */
  spend(nowMs: number): boolean {
    const seconds = (nowMs - this.#refilledMs) / 1000;
    this.#refilledMs = nowMs;
    this.#saved = Math.min(MAX_SAVED, this.#saved + seconds * MIN_PER_SECOND);
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}

/** Methods that are safe (RFC 9110 §9.2.1) and may be sent to the other version. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/** Methods of which the second time changes nothing (RFC 9110 §9.2.2): may be sent again to the same version. */
export function isIdempotent(method: string): boolean {
  return isSafe(method) || method === "PUT" || method === "DELETE";
}

/** Answers of v2 that count as not having answered: a gateway in front of it speaking for it. */
export function isGatewayFailure(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}
