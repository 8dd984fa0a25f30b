import type { Version } from "../config/snapshot.ts";
import type { Reason } from "../split/decide.ts";
import type { Hashes } from "../hashes.ts";
import { pointOfHash } from "../split/point.ts";
import { AccessLog } from "../telemetry/access-log.ts";
import type { FailureKind, VersionLabel } from "../telemetry/series.ts";
import type { SlabSlice } from "../telemetry/slab.ts";
import type { ActiveConfig } from "./active-config.ts";
import type { Admitted } from "./exchange.ts";
import { FailureReporter } from "./failure-reporter.ts";
import type { FromWorker } from "./messages.ts";
import { LongLivedExchanges } from "./long-lived.ts";
import { RandomIds } from "./random-ids.ts";
import { RescueBudget } from "./rescue.ts";
import { SeenIdentities } from "./seen-identities.ts";
import { Availability } from "../upstream/availability.ts";

/** How a request ended, for the access log. */
export interface Outcome {
  readonly status: number;
  readonly version: VersionLabel;
  readonly reason: Reason;
  readonly bytes: number;
  readonly durationMs: number;
  readonly ttfbMs: number | null;
  readonly failure: string | null;
}

/** The kinds of failure that say a version cannot be reached, not merely that it answered badly. */
const UNREACHABLE: ReadonlySet<FailureKind> = new Set<FailureKind>([
  "connect",
  "connect_timeout",
  "dns",
  "tls",
  "reset",
  "headers_timeout",
]);

/** What all requests of one worker share. Built once, by the worker's entry. */
export class WorkerContext {
  readonly slab: SlabSlice;
  readonly hashes: Hashes;
  readonly rescues: RescueBudget;
  readonly accessLog: AccessLog;
  readonly availability = new Availability();
  readonly seen = new SeenIdentities();
  readonly longLived = new LongLivedExchanges(Math.random);
  /** Identities for users who bring none. */
  readonly cookieIds = new RandomIds();
  /** Identities that are kept on v1 for a while, by their 64-bit hash, until the wall-clock millisecond. */
  readonly quarantined = new Map<string, number>();
  config: ActiveConfig;
  draining = false;
  /** An answer whose head takes longer counts as slow; 0: slowness is not measured. */
  slowThresholdMs = 0;
  readonly #connectionBudget: number;
  readonly #post: (message: FromWorker) => void;
  readonly #failures: FailureReporter;
  readonly #consecutive: Record<Version, number> = { v1: 0, v2: 0 };

  constructor(
    worker: number,
    slab: SlabSlice,
    hashes: Hashes,
    config: ActiveConfig,
    post: (message: FromWorker) => void,
    connectionBudget: number,
  ) {
    this.slab = slab;
    this.hashes = hashes;
    this.config = config;
    this.#connectionBudget = connectionBudget;
    this.rescues = new RescueBudget(performance.now());
    this.accessLog = new AccessLog(
      worker,
      (lines) => post({ type: "log", lines }),
      (lines) => slab.add("logLinesDropped", lines),
    );
    this.#post = post;
    this.#failures = new FailureReporter(hashes.hash64, post);
  }

  /** Client connections that this worker takes: what the config allows, within what the system has descriptors for. */
  get maxConnections(): number {
    return Math.min(this.config.snapshot.limits.maxConnections, this.#connectionBudget);
  }

  /** The version that answers a request: the one decided, unless it cannot and the other may. */
  versionFor(admitted: Admitted): Version {
    const { decision, route, hash } = admitted;
    const { version } = decision;
    if (route.pin !== null) return version;
    const { upstreams, fallbackToV2 } = this.config.snapshot;
    const nowMs = performance.now();
    if (version === "v2") {
      const { slowStartMs } = upstreams.v2.health;
      return this.availability.takes("v2", hash, slowStartMs, nowMs) ? "v2" : "v1";
    }
    const standIn = fallbackToV2 && !this.availability.isHealthy("v1") && this.availability.isHealthy("v2");
    return standIn ? "v2" : "v1";
  }

  /** Health as the control plane has found it. */
  setHealth(healthy: Readonly<Record<Version, boolean>>): void {
    for (const version of ["v1", "v2"] as const) {
      const news = this.availability.set(version, healthy[version], performance.now());
      if (news) this.#consecutive[version] = 0;
    }
  }

  onVersionAnswered(version: Version): void {
    if (this.#consecutive[version] === 0) return;
    this.#consecutive[version] = 0;
    this.#post({ type: "passive-health", version, consecutiveFailures: 0 });
  }

  /** A version failed a request: counts it, and tells the control plane what it should know. */
  onVersionFailed(version: Version, kind: FailureKind, admitted: Admitted): void {
    this.slab.countFailure(version, kind);
    this.#failures.report("errors", kind, admitted);
    if (!UNREACHABLE.has(kind)) return;
    this.#consecutive[version] += 1;
    const failures = this.#consecutive[version];
    const { unhealthyAfter } = this.config.snapshot.upstreams[version].health;
    if (failures < unhealthyAfter) return;
    // This worker acts at once; the others hear of it from the control plane.
    if (!this.availability.set(version, false, performance.now())) return;
    this.#post({ type: "passive-health", version, consecutiveFailures: failures });
  }

  /** A version took this long to begin its answer. */
  onTtfb(ttfbMs: number, admitted: Admitted): void {
    if (this.slowThresholdMs > 0 && ttfbMs > this.slowThresholdMs)
      this.#failures.report("slow", "slow", admitted);
  }

  /** v1 answered a request that v2 had failed. */
  onRescued({ identity, decision }: Admitted): void {
    if (identity === null || decision.reason !== "hash") return;
    this.#post({ type: "rescued", identity: this.hashes.hash64(identity) });
  }

  logRequest(admitted: Admitted, outcome: Outcome): void {
    if (!this.config.snapshot.accessLog) return;
    const { head, hash, decision } = admitted;
    this.accessLog.write({
      id: admitted.requestId,
      client: admitted.clientAddress,
      method: head.method,
      path: head.path,
      host: head.host,
      route: admitted.route.name,
      status: outcome.status,
      version: outcome.version,
      reason: outcome.reason,
      assignment: decision.assignment,
      point: hash === null ? null : pointOfHash(hash),
      bytes: outcome.bytes,
      durationMs: roundMs(outcome.durationMs),
      ttfbMs: outcome.ttfbMs === null ? null : roundMs(outcome.ttfbMs),
      agent: admitted.userAgent,
      failure: outcome.failure,
    });
  }

  /** Something happened that must not: said loudly on standard error, and the request fails alone. */
  onBug(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#post({ type: "bug", text });
  }
}

/** Milliseconds to a thousandth: what the clock is worth. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
