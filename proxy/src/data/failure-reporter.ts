import type { Version } from "../config/snapshot.ts";
import type { FailureKind } from "../telemetry/series.ts";
import type { Admitted } from "./exchange.ts";
import type { FromWorker } from "./messages.ts";

/** Identities that a worker remembers having reported; past it, it starts over and the control plane sorts out repeats. */
const MAX_REPORTED = 50_000;

/**
 * Tells the control plane of an identity's first failure in a release. Later failures of the same identity add no
 * evidence, so they cost a lookup and no message.
 */
export class FailureReporter {
  readonly #hash64: (input: string) => string;
  readonly #post: (message: FromWorker) => void;
  readonly #reported = new Set<string>();
  #releaseId = "";

  constructor(hash64: (input: string) => string, post: (message: FromWorker) => void) {
    this.#hash64 = hash64;
    this.#post = post;
  }

  report(releaseId: string, version: Version, kind: FailureKind, admitted: Admitted): void {
    const { decision, identity } = admitted;
    // Only the hash's own choice is evidence: pins and overrides are not drawn by the coin, and a failure counts for
    // the assignment only when the assigned version is the one that failed.
    if (identity === null || decision.reason !== "hash" || decision.assignment !== version) return;
    if (releaseId !== this.#releaseId || this.#reported.size >= MAX_REPORTED) {
      this.#releaseId = releaseId;
      this.#reported.clear();
    }
    const key = `${decision.assignment}${this.#hash64(identity)}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.#post({
      type: "failure",
      releaseId,
      identity: key.slice(2),
      assignment: decision.assignment,
      metric: "errors",
      kind,
    });
  }
}
