import type { SplitVersion } from "../split/decide.ts";
import type { Metric } from "./evidence.ts";
import type { IdentityHash } from "./identity-map.ts";

/** What happens to a release, one event per line of its log. The state is a fold of them and of nothing else. */

interface EventBase {
  /** Wall clock, RFC 3339 in UTC. */
  readonly time: string;
  readonly releaseId: string;
  /**
   * The release's version after this event. Decisions raise it by one; what is merely seen (`failure`, `held`,
   * `quarantined`) leaves it, so that a command with `If-Match` is not stale because somebody's request failed.
   */
  readonly version: number;
  /** Who decided: an operator's name, `config`, or `serin` itself. */
  readonly who: string;
  readonly why: string;
}

/** What made a release freeze or abort. */
export type DecisionCause = "operator" | "evidence" | "limit" | "harm-budget" | "breaker";

/**
 * A release begins: evidence starts anew. The same id again means that the cohort (salt or offset) changed under it, which
 * also voids the evidence but lifts no freeze and no abort.
 */
interface ReleaseStartedEvent extends EventBase {
  readonly type: "release-started";
  /** Fingerprint of salt and offset: evidence gathered under one cohort says nothing about another. */
  readonly cohort: string;
  /** Index into the plan's steps, or -1 when the weight is not one of the plan. */
  readonly step: number;
  readonly weightPpm: number;
}

/** The weight was set from outside the plan (config, `set`). */
interface WeightAppliedEvent extends EventBase {
  readonly type: "weight-applied";
  readonly step: number;
  readonly weightPpm: number;
}

/** The plan took its next step. */
interface AdvancedEvent extends EventBase {
  readonly type: "advanced";
  readonly step: number;
  readonly weightPpm: number;
}

/** All traffic goes to v2; the plan is over. */
interface PromotedEvent extends EventBase {
  readonly type: "promoted";
  readonly step: number;
}

/** A failure that counts: an identity's first, or its first as far as a ramp makes it count once more. */
interface FailureEvent extends EventBase {
  readonly type: "failure";
  readonly metric: Metric;
  readonly identity: IdentityHash;
  readonly assignment: SplitVersion;
  /** The weight by which the assignment was decided. */
  readonly weightPpm: number;
  /** What went wrong, one word. */
  readonly kind: string;
}

/** How long the present step has held by the monotonic clock; written now and then, so that a restart goes on from it. */
interface HeldEvent extends EventBase {
  readonly type: "held";
  readonly heldMs: number;
}

/** A rescued identity stays on v1 until then. */
interface QuarantinedEvent extends EventBase {
  readonly type: "quarantined";
  readonly identity: IdentityHash;
  /** Wall clock, RFC 3339 in UTC. */
  readonly until: string;
}

interface FrozenEvent extends EventBase {
  readonly type: "frozen";
  readonly cause: DecisionCause;
}

interface UnfrozenEvent extends EventBase {
  readonly type: "unfrozen";
}

interface AbortedEvent extends EventBase {
  readonly type: "aborted";
  readonly cause: DecisionCause;
}

/** An abort is lifted; the weight of before is in force again and evidence starts anew. */
interface ResumedEvent extends EventBase {
  readonly type: "resumed";
}

export type ReleaseEvent =
  | ReleaseStartedEvent
  | WeightAppliedEvent
  | AdvancedEvent
  | PromotedEvent
  | FailureEvent
  | HeldEvent
  | QuarantinedEvent
  | FrozenEvent
  | UnfrozenEvent
  | AbortedEvent
  | ResumedEvent;

export type EventType = ReleaseEvent["type"];

/** Events that somebody decided; they raise the version, go into the audit and to the webhook. */
export type DecisionEvent = Exclude<ReleaseEvent, FailureEvent | HeldEvent | QuarantinedEvent>;

/** True for events that raise the version. */
export function isDecision(event: ReleaseEvent): event is DecisionEvent {
  return event.type !== "failure" && event.type !== "held" && event.type !== "quarantined";
}

/** The time in the form that events carry it. */
export function formatTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
