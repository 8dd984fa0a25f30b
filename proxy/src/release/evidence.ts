import type { SplitVersion } from "../split/decide.ts";
import {
  EMPTY_IDENTITY_MAP,
  getIdentity,
  setIdentity,
  type IdentityHash,
  type IdentityMap,
} from "./identity-map.ts";

/**
 * Evidence that v2 harms more identities than v1, as a mixture e-process (a test martingale).
 *
 * The event that counts is an identity's first failure, labelled by its assignment. If v2 is as good as v1, the label is
 * a coin with P(canary) = w, the weight in force. For each ratio r, `q = w r / (w r + 1 - w)`; a canary event
 * multiplies e_r by `q / w`, a control event by `(1 - q) / (1 - w)`; both have expectation 1 under that coin. By Ville's
 * inequality, `P(mean over r of e_r ever reaches 1/alpha) <= alpha`, however often one looks.
 */

/** What an identity can fail in. */
export type Metric = "errors" | "slow";

export const METRICS: readonly Metric[] = ["errors", "slow"];

/** The harm ratios that the mixture bets on. */
export const RATIOS: readonly number[] = [1.5, 2, 3, 5, 10, 30, 100];

/** `safe` has to reject that v2 harms at least this many times as many identities as v1. */
export const SAFE_RATIO = 2;

/** The most identities kept per metric; past it new ones no longer count, and the verdict says so. */
export const MAX_IDENTITIES = 100_000;

const ALL_POINTS = 1_000_000;
/** Stands in the map for "already failed as canary", where control failures keep the weight they counted at. */
const FAILED_AS_CANARY = -1;

export interface MetricEvidence {
  /** ln e_r, one for each of `RATIOS`. */
  readonly logByRatio: readonly number[];
  /** ln of the test turned round: against "v2 is at least `SAFE_RATIO` times as bad". */
  readonly logSafe: number;
  /** Distinct identities that failed as canary. */
  readonly canary: number;
  /** Of those, the ones that never failed as control. */
  readonly canaryOnly: number;
  /** Events as control; an identity can count again after a ramp. */
  readonly control: number;
  /** Sum of P(canary) over all counted events: the canary events to be expected if v2 is as good as v1. */
  readonly expectedCanary: number;
  /** The canary failures to be expected from v1's failures alone: the sum of w / (1 - w) over control events. */
  readonly expectedFromControl: number;
  /** Hash -> weight in ppm at which it last counted as control, or -1 once it counted as canary. */
  readonly identities: IdentityMap;
}

/** One failed request, as far as the evidence cares. */
export interface Failure {
  readonly identity: IdentityHash;
  /** The version that the hash gives the identity, whoever answered in the end. */
  readonly assignment: SplitVersion;
  /** The weight by which that assignment was decided. */
  readonly weightPpm: number;
}

export const EMPTY_EVIDENCE: MetricEvidence = Object.freeze({
  logByRatio: Object.freeze(RATIOS.map(() => 0)),
  logSafe: 0,
  canary: 0,
  canaryOnly: 0,
  control: 0,
  expectedCanary: 0,
  expectedFromControl: 0,
  identities: EMPTY_IDENTITY_MAP,
});

/**
 * P(canary) of the coin that this failure reveals if v2 is as good as v1, or `null` when it counts no (more).
 * After a ramp from W1 to W2 an identity that failed as control is known to lie above W1, so that its coin is
 * (W2 - W1) / (1 - W1); one that failed as canary counts no more. With nobody on v2 there is no coin.
 */
export function coinOf(
  evidence: MetricEvidence,
  failure: Failure,
  maxIdentities: number = MAX_IDENTITIES,
): number | null {
  const { weightPpm, assignment } = failure;
  if (!(weightPpm > 0) || weightPpm > ALL_POINTS) return null;
  // At 100 % nobody is assigned to v1: such a label comes from elsewhere and must not be scored.
  if (weightPpm === ALL_POINTS && assignment === "v1") return null;
  const seen = getIdentity(evidence.identities, failure.identity);
  if (seen === undefined) {
    return evidence.identities.size >= maxIdentities ? null : weightPpm / ALL_POINTS;
  }
  if (seen === FAILED_AS_CANARY || weightPpm <= seen) return null;
  return (weightPpm - seen) / (ALL_POINTS - seen);
}

/** The evidence after one failure; the same object when the failure does not count. */
export function countFailure(
  evidence: MetricEvidence,
  failure: Failure,
  maxIdentities: number = MAX_IDENTITIES,
): MetricEvidence {
  const coin = coinOf(evidence, failure, maxIdentities);
  if (coin === null) return evidence;
  const isCanary = failure.assignment === "v2";
  const isNew = getIdentity(evidence.identities, failure.identity) === undefined;
  const informative = coin > 0 && coin < 1;
  return {
    logByRatio: informative
      ? evidence.logByRatio.map((log, index) => log + logFactor(RATIOS[index] ?? 1, coin, isCanary))
      : evidence.logByRatio,
    logSafe: informative ? evidence.logSafe - logFactor(SAFE_RATIO, coin, isCanary) : evidence.logSafe,
    canary: evidence.canary + (isCanary ? 1 : 0),
    canaryOnly: evidence.canaryOnly + (isCanary && isNew ? 1 : 0),
    control: evidence.control + (isCanary ? 0 : 1),
    expectedCanary: evidence.expectedCanary + coin,
    expectedFromControl: evidence.expectedFromControl + (isCanary ? 0 : coin / (1 - coin)),
    identities: setIdentity(
      evidence.identities,
      failure.identity,
      isCanary ? FAILED_AS_CANARY : failure.weightPpm,
    ),
  };
}

/**
 * ln of what one event multiplies e_r by. `q / w = r / (w r + 1 - w)` and `(1 - q) / (1 - w) = 1 / (w r + 1 - w)`,
 * which needs no division by w or 1 - w.
 */
export function logFactor(ratio: number, coin: number, isCanary: boolean): number {
  const norm = -Math.log1p(coin * (ratio - 1));
  return isCanary ? Math.log(ratio) + norm : norm;
}

/** ln of one metric's evidence: the mean of e_r over the ratios. */
export function logEvidence(evidence: MetricEvidence): number {
  return logMeanExp(evidence.logByRatio);
}

/**
 * ln of the evidence over several metrics: the mean of theirs. When the same identities fail in both metrics their coins
 * are shared; the simulation holds the false alarms of that case to alpha too (the proven bound is alpha per metric).
 */
export function logCombinedEvidence(metrics: readonly MetricEvidence[]): number {
  return metrics.length === 0 ? 0 : logMeanExp(metrics.map(logEvidence));
}

/** ln(mean(exp(values))), without overflow. */
export function logMeanExp(values: readonly number[]): number {
  let max = -Infinity;
  for (const value of values) max = Math.max(max, value);
  if (max === -Infinity) return -Infinity;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - max);
  return max + Math.log(sum / values.length);
}

/**
 * True when the metric shows v2 to be safe: "at least `SAFE_RATIO` times as bad" is rejected at `alpha`, or, when v2 failed
 * nobody, the rule of three: with n identities and no failure, the failing share is below 3 / n with 95 % confidence.
 *
 * @param canaryIdentities distinct identities that v2 has served in this release, or `null` when not known
 * @param tolerableShare the failing share that the rule of three has to rule out, e.g. 0.01 (then 300 identities)
 */
export function isSafe(
  evidence: MetricEvidence,
  alpha: number,
  canaryIdentities: number | null,
  tolerableShare: number,
): boolean {
  if (evidence.logSafe >= -Math.log(alpha)) return true;
  return evidence.canary === 0 && canaryIdentities !== null && canaryIdentities * tolerableShare >= 3;
}
