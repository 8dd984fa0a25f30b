import type { FailureKind } from "../telemetry/series.ts";
import type { Admitted } from "./exchange.ts";
import type { FromWorker } from "./messages.ts";

/** Identities that a worker remembers having reported; past it, it starts over and the control plane sorts out repeats. */
const MAX_REPORTED = 50_000;
/** Repeated failures of known identities are gathered for this long, and for this many identities. */
const REPEATS_MS = 1_000;
const MAX_REPEATS = 1_000;

type FailureMessage = Extract<FromWorker, { readonly type: "failure" }>;

/**
 * Tells the control plane of failing identities: the first failure at once, since it is evidence; repeats counted and
 * once a second, since all they show is whether one client causes most of it.
 */
export class FailureReporter {
  readonly #hash64: (input: string) => string;
  readonly #post: (message: FromWorker) => void;
  readonly #reported = new Set<string>();
  readonly #repeats = new Map<string, FailureMessage>();
  readonly #timer: NodeJS.Timeout;
  #releaseId = "";

  constructor(hash64: (input: string) => string, post: (message: FromWorker) => void) {
    this.#hash64 = hash64;
    this.#post = post;
    this.#timer = setInterval(() => this.#flush(), REPEATS_MS);
    this.#timer.unref();
  }

  /**
   * Reports a failed or slow request. Only requests that the hash placed count: pins and overrides are not drawn by the
   * coin. A quarantined identity counts for its assignment, whoever serves it meanwhile.
   */
  report(metric: "errors" | "slow", kind: FailureKind | "slow", admitted: Admitted): void {
    const { decision, identity, snapshot } = admitted;
    const isDrawn = decision.reason === "hash" || decision.reason === "quarantine";
    if (identity === null || decision.assignment === null || !isDrawn) return;
    if (snapshot.releaseId !== this.#releaseId || this.#reported.size >= MAX_REPORTED) {
      this.#flush();
      this.#releaseId = snapshot.releaseId;
      this.#reported.clear();
    }
    const hash = this.#hash64(identity);
    const weightPpm = snapshot.split.weightPpm;
    // Part of the key, because after a ramp an identity may count once more.
    const key = `${metric} ${decision.assignment} ${weightPpm} ${hash}`;
    const repeats = this.#repeats.get(key);
    const message: FailureMessage = {
      type: "failure",
      releaseId: snapshot.releaseId,
      identity: hash,
      assignment: decision.assignment,
      weightPpm,
      metric,
      kind,
      count: (repeats?.count ?? 0) + 1,
    };
    if (!this.#reported.has(key)) {
      this.#reported.add(key);
      this.#post(message);
    } else if (repeats !== undefined || this.#repeats.size < MAX_REPEATS) {
      this.#repeats.set(key, message);
    }
  }

  #flush(): void {
    for (const message of this.#repeats.values()) this.#post(message);
    this.#repeats.clear();
  }
}
