import type { Snapshot, Version } from "../config/snapshot.ts";
import type { FailureKind } from "../telemetry/series.ts";

/** Everything that crosses between the control plane and a data-plane worker. Plain data, structured clone. */

/** What a worker is started with. */
export interface WorkerStart {
  readonly worker: number;
  readonly slab: SharedArrayBuffer;
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** Client connections for which this worker has file descriptors. */
  readonly connectionBudget: number;
  readonly activation: Activation;
  readonly tls: ListenerTls | null;
  /** Trusted peers speak for their clients in a PROXY protocol header. */
  readonly proxyProtocol: boolean;
}

/** What the public listener shows and asks for; PEM. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** A snapshot with what the control plane adds for the data plane. */
export interface Activation {
  readonly snapshot: Snapshot;
  /** Place of each route's series in the slab, in the order of `snapshot.routes`. */
  readonly routeSlots: readonly number[];
}

/** An identity seen lately: by its 64-bit hash (hex), never in clear, with its points (0 to 999,999) under two salts. */
export interface SeenIdentity {
  readonly key: string;
  readonly oldPoint: number;
  readonly newPoint: number;
}

/** Down: from the control plane to a worker. */
export type ToWorker =
  | { readonly type: "activate"; readonly activation: Activation }
  | { readonly type: "certificate"; readonly tls: ListenerTls }
  | { readonly type: "health"; readonly healthy: Readonly<Record<Version, boolean>> }
  | { readonly type: "quarantine"; readonly identities: readonly string[]; readonly untilMs: number }
  /** An answer whose head takes longer counts as slow; 0: slowness is not measured. */
  | { readonly type: "slow-threshold"; readonly ms: number }
  | { readonly type: "log-written"; readonly bytes: number }
  /** Asks for the identities seen lately, with their points under two salts. */
  | { readonly type: "seen"; readonly question: number; readonly oldSalt: string; readonly newSalt: string }
  | { readonly type: "drain"; readonly delayMs: number; readonly timeoutMs: number };

/** Up: from a worker to the control plane. */
export type FromWorker =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "running"; readonly generation: number }
  /** Access-log lines, whole, each ended by a newline, in memory that changes hands. */
  | { readonly type: "log"; readonly lines: Uint8Array<ArrayBuffer> }
  /** An identity's failure: its first that this worker saw, or the repeats of the last second. */
  | {
      readonly type: "failure";
      readonly releaseId: string;
      /** 64-bit hash of the identity, hex. */
      readonly identity: string;
      readonly assignment: Version;
      /** The weight by which it was assigned. */
      readonly weightPpm: number;
      /** How many failures this stands for. */
      readonly count: number;
      readonly metric: "errors" | "slow";
      readonly kind: FailureKind | "slow";
    }
  /** v1 answered for v2: the identity may be kept on v1 for a while. */
  | { readonly type: "rescued"; readonly identity: string }
  /** A passive health signal: that many failures in a row to reach a version, or 0 when it answered again. */
  | { readonly type: "passive-health"; readonly version: Version; readonly consecutiveFailures: number }
  /** The answer to the question of that number. */
  | { readonly type: "seen"; readonly question: number; readonly identities: readonly SeenIdentity[] }
  /** Something that must not happen did; the worker goes on. */
  | { readonly type: "bug"; readonly text: string }
  /** All connections are closed; `cut` of them by force, at the deadline. */
  | { readonly type: "drained"; readonly cut: number };
