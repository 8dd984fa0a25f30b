import type { BreakerReading } from "./breaker.ts";
import type { DecisionCause } from "./events.ts";
import { isSafe, logCombinedEvidence, logEvidence, MAX_IDENTITIES, type Metric } from "./evidence.ts";
import { breachedLimit, type LimitSettings, type TrafficWindow } from "./limits.ts";
import { failingIdentitiesNeeded } from "./outlook.ts";
import type { ReleaseState } from "./state.ts";
import { sentenceOf } from "./verdict-sentence.ts";

export type Verdict = "inconclusive" | "suspect" | "harmful" | "safe";

/** What makes a verdict. */
export interface JudgeSettings {
  /** `errors` always; `slow` when slowness is measured. */
  readonly metrics: readonly Metric[];
  readonly suspectAlpha: number;
  readonly harmfulAlpha: number;
  /** Distinct identities that v2 must have failed before evidence says `harmful`. */
  readonly minHarmed: number;
  readonly safeAlpha: number;
  /** The failing share that the rule of three has to rule out when v2 failed nobody. */
  readonly tolerableShare: number;
  readonly limits: LimitSettings | null;
  /** Identities harmed by v2 only that the owner accepts fewer of, whatever the percentage; `null`: no budget. */
  readonly harmBudget: number | null;
}

export const DEFAULT_JUDGE: JudgeSettings = Object.freeze({
  metrics: ["errors"] as const,
  suspectAlpha: 0.01,
  harmfulAlpha: 0.001,
  minHarmed: 3,
  safeAlpha: 0.05,
  tolerableShare: 0.01,
  limits: null,
  harmBudget: null,
});

/** What is known besides the state: counted in memory, gone with the process. */
export interface Observations {
  /** Windows closed since the weight last changed and warmed up, oldest first. */
  readonly windows: readonly TrafficWindow[];
  readonly breaker: BreakerReading | null;
  /** Distinct identities that v2 has served in this release (an estimate), or `null`. */
  readonly canaryIdentities: number | null;
  /** Share of all failures that the most failing identity caused, or `null` without failures. */
  readonly topIdentityShare: number | null;
}

export const NO_OBSERVATIONS: Observations = Object.freeze({
  windows: Object.freeze([]),
  breaker: null,
  canaryIdentities: null,
  topIdentityShare: null,
});

export interface Assessment {
  readonly verdict: Verdict;
  /** What brought a `suspect` or `harmful` verdict about. */
  readonly cause: DecisionCause | null;
  /** What was counted, the evidence and the outlook, in one sentence. */
  readonly sentence: string;
  /** log10 of the evidence over all metrics; 2 is suspect, 3 harmful, by default. */
  readonly log10Evidence: number;
  readonly log10ByMetric: Readonly<Record<Metric, number>>;
  /** Distinct identities that failed, by assignment. */
  readonly harmedIdentities: { readonly v1: number; readonly v2: number };
  /** v2's harm beyond what v1's own failures explain; what the harm budget is compared with. */
  readonly harmedByV2Only: number;
  /** About how many more failing identities, at the present ratio, until `harmful`; `null`: not at this ratio. */
  readonly moreFailingIdentitiesNeeded: number | null;
  readonly topIdentityShare: number | null;
  /** The cap on identities is reached: new ones no longer count. */
  readonly capped: boolean;
}

/** The verdict on the release so far. Pure: the same state and observations give the same assessment. */
export function assess(state: ReleaseState, settings: JudgeSettings, seen: Observations): Assessment {
  const metrics = settings.metrics.map((metric) => state.evidence[metric]);
  const log = logCombinedEvidence(metrics);
  const harmedByV2Only = harmBeyondV1(state);
  const found = findHarm(state, settings, seen, log, harmedByV2Only);
  const verdict: Verdict =
    found?.verdict ??
    (metrics.every((m) => isSafe(m, settings.safeAlpha, seen.canaryIdentities, settings.tolerableShare))
      ? "safe"
      : "inconclusive");
  const counted = {
    verdict,
    cause: found?.cause ?? null,
    log10Evidence: toLog10(log),
    log10ByMetric: {
      errors: toLog10(logEvidence(state.evidence.errors)),
      slow: toLog10(logEvidence(state.evidence.slow)),
    },
    harmedIdentities: { v1: state.evidence.errors.control, v2: state.evidence.errors.canary },
    harmedByV2Only,
    moreFailingIdentitiesNeeded: failingIdentitiesNeeded(
      metrics,
      state.weightPpm / 1_000_000,
      -Math.log(settings.harmfulAlpha),
    ),
    topIdentityShare: seen.topIdentityShare,
    capped: metrics.some((metric) => metric.identities.size >= MAX_IDENTITIES),
  };
  return { ...counted, sentence: sentenceOf(counted, state, settings, found?.detail ?? null) };
}

interface Harm {
  readonly verdict: "suspect" | "harmful";
  readonly cause: DecisionCause;
  /** In words, where the counts of the evidence do not say it. */
  readonly detail: string | null;
}

/** The first finding that applies, the fastest first. */
function findHarm(
  state: ReleaseState,
  settings: JudgeSettings,
  seen: Observations,
  log: number,
  harmedByV2Only: number,
): Harm | null {
  const { breaker } = seen;
  if (breaker?.tripped === true) {
    const detail = `v2 failed ${breaker.failures.v2} of its last ${breaker.requests.v2} requests while v1 is fine`;
    return { verdict: "harmful", cause: "breaker", detail };
  }
  const canary = settings.metrics.reduce((most, metric) => Math.max(most, state.evidence[metric].canary), 0);
  const harmful = log >= -Math.log(settings.harmfulAlpha);
  if (harmful && canary >= settings.minHarmed) return { verdict: "harmful", cause: "evidence", detail: null };
  if (settings.harmBudget !== null && harmedByV2Only >= settings.harmBudget) {
    const detail = `v2 alone harmed ${harmedByV2Only} identities and the budget is ${settings.harmBudget}`;
    return { verdict: "harmful", cause: "harm-budget", detail };
  }
  const limit = settings.limits === null ? null : breachedLimit(seen.windows, settings.limits);
  if (limit !== null) return { verdict: "harmful", cause: "limit", detail: limit };
  if (log >= -Math.log(settings.suspectAlpha)) return { verdict: "suspect", cause: "evidence", detail: null };
  return null;
}

/**
 * Distinct identities that failed on v2 and never on v1, less what v1's failures lead one to expect of v2, with three
 * standard deviations (of a Poisson count) for chance. So an outage that both versions share spends no budget, while
 * with v1 flawless every identity that v2 fails counts.
 */
function harmBeyondV1(state: ReleaseState): number {
  const { canaryOnly, expectedFromControl } = state.evidence.errors;
  const explained = expectedFromControl + 3 * Math.sqrt(expectedFromControl);
  return Math.max(0, canaryOnly - Math.ceil(explained));
}

function toLog10(naturalLog: number): number {
  return naturalLog / Math.LN10;
}
