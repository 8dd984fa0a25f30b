import { isDecision, type DecisionCause, type ReleaseEvent } from "./events.ts";
import { countFailure, EMPTY_EVIDENCE, type Metric, type MetricEvidence } from "./evidence.ts";
import {
  EMPTY_IDENTITY_MAP,
  getIdentity,
  identityMapOf,
  listIdentities,
  setIdentity,
  type IdentityHash,
  type IdentityMap,
} from "./identity-map.ts";

/** A decision that stays in force until another lifts it, over restarts too. */
export interface Latch {
  readonly time: string;
  readonly who: string;
  readonly why: string;
  readonly cause: DecisionCause;
}

/** The release as the log tells it: the fold of its events. Never mutated. */
export interface ReleaseState {
  /** Empty before the first release. */
  readonly releaseId: string;
  /** Raised by every decision; what `If-Match` is compared with. Goes on over releases, so that it never repeats. */
  readonly version: number;
  readonly cohort: string;
  readonly startedAt: string;
  /** When the last decision changed the weight, the step or a latch. */
  readonly changedAt: string;
  /** The weight that plan or config set. {@link weightInForce} is what traffic gets. */
  readonly weightPpm: number;
  /** The weight that config or an operator set last: a restart with the same config does not undo what the plan did since. */
  readonly configWeightPpm: number;
  /** Index into the plan's steps, or -1. */
  readonly step: number;
  /** How long the step has held, as far as written; frozen and aborted time does not count. */
  readonly heldMs: number;
  readonly frozen: Latch | null;
  readonly aborted: Latch | null;
  readonly promoted: Latch | null;
  /** An operator lifted a freeze knowing of the suspicion: it freezes no more, `harmful` still aborts. */
  readonly suspectAcknowledged: boolean;
  readonly evidence: Readonly<Record<Metric, MetricEvidence>>;
  /** Identity -> wall clock in ms until which it stays on v1. */
  readonly quarantine: IdentityMap;
}

/** The most identities in quarantine at once; past it a rescued identity is not kept on v1. */
export const MAX_QUARANTINED = 10_000;

const NO_EVIDENCE = Object.freeze({ errors: EMPTY_EVIDENCE, slow: EMPTY_EVIDENCE });

export const INITIAL_STATE: ReleaseState = Object.freeze({
  releaseId: "",
  version: 0,
  cohort: "",
  startedAt: "",
  changedAt: "",
  weightPpm: 0,
  configWeightPpm: 0,
  step: -1,
  heldMs: 0,
  frozen: null,
  aborted: null,
  promoted: null,
  suspectAcknowledged: false,
  evidence: NO_EVIDENCE,
  quarantine: EMPTY_IDENTITY_MAP,
});

/** The weight that traffic gets: 0 while the release is aborted. */
export function weightInForce(state: ReleaseState): number {
  return state.aborted === null ? state.weightPpm : 0;
}

/** The state after `event`. Total: whether the event follows on the state is {@link followsOn}'s question. */
export function applyEvent(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  switch (event.type) {
    case "failure": {
      const before = state.evidence[event.metric];
      const after = countFailure(before, event);
      return after === before ? state : { ...state, evidence: { ...state.evidence, [event.metric]: after } };
    }
    case "held":
      return { ...state, heldMs: event.heldMs };
    case "quarantined":
      return quarantine(state, event.identity, Date.parse(event.until), Date.parse(event.time));
    case "release-started": {
      const sameRelease = event.releaseId === state.releaseId;
      return {
        ...INITIAL_STATE,
        releaseId: event.releaseId,
        version: event.version,
        cohort: event.cohort,
        startedAt: event.time,
        changedAt: event.time,
        weightPpm: event.weightPpm,
        configWeightPpm: event.weightPpm,
        step: event.step,
        frozen: sameRelease ? state.frozen : null,
        aborted: sameRelease ? state.aborted : null,
      };
    }
    case "weight-applied":
    case "advanced": {
      const same = event.weightPpm === state.weightPpm && event.step === state.step;
      return decided(state, event, {
        weightPpm: event.weightPpm,
        configWeightPpm: event.type === "advanced" ? state.configWeightPpm : event.weightPpm,
        step: event.step,
        heldMs: same ? state.heldMs : 0,
        promoted: null,
      });
    }
    case "promoted":
      return decided(state, event, {
        weightPpm: 1_000_000,
        step: event.step,
        heldMs: 0,
        promoted: latchOf(event, "operator"),
      });
    case "frozen":
      return decided(state, event, { frozen: state.frozen ?? latchOf(event, event.cause) });
    case "unfrozen":
      return decided(state, event, { frozen: null, suspectAcknowledged: true });
    case "aborted":
      return decided(state, event, {
        aborted: state.aborted ?? latchOf(event, event.cause),
        promoted: null,
      });
    case "resumed":
      return decided(state, event, {
        aborted: null,
        frozen: null,
        suspectAcknowledged: false,
        heldMs: 0,
        evidence: NO_EVIDENCE,
      });
    default:
      return event satisfies never;
  }
}

/**
 * Why `event` cannot be the next one of `state`, or `null` when it can. A log whose events do not follow on each other
 * lost or gained lines, which no parser of single lines would see.
 */
export function followsOn(state: ReleaseState, event: ReleaseEvent): string | null {
  const expected = state.version + (isDecision(event) ? 1 : 0);
  if (event.version !== expected) return `version ${event.version} where ${expected} was due`;
  if (event.type !== "release-started" && event.releaseId !== state.releaseId) {
    return `release ${JSON.stringify(event.releaseId)} while ${JSON.stringify(state.releaseId)} was running`;
  }
  return null;
}

/** True while the identity is to stay on v1. */
export function isQuarantined(state: ReleaseState, identity: IdentityHash, wallMs: number): boolean {
  const until = getIdentity(state.quarantine, identity);
  return until !== undefined && wallMs < until;
}

function decided(state: ReleaseState, event: ReleaseEvent, change: Partial<ReleaseState>): ReleaseState {
  return { ...state, ...change, version: event.version, changedAt: event.time };
}

function latchOf(event: ReleaseEvent, cause: DecisionCause): Latch {
  return { time: event.time, who: event.who, why: event.why, cause };
}

function quarantine(
  state: ReleaseState,
  identity: IdentityHash,
  untilMs: number,
  nowMs: number,
): ReleaseState {
  let map = state.quarantine;
  if (map.size >= MAX_QUARANTINED) {
    map = identityMapOf(listIdentities(map).filter(([, until]) => until > nowMs));
  }
  if (map.size >= MAX_QUARANTINED && getIdentity(map, identity) === undefined) return state;
  return { ...state, quarantine: setIdentity(map, identity, untilMs) };
}
