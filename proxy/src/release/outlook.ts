import { RATIOS, logFactor, type MetricEvidence } from "./evidence.ts";

/**
 * About how many more failing identities it takes, at the share of canaries seen so far, until the evidence reaches
 * `logThreshold`. For each ratio the log grows by a constant per event on average; the fastest one decides, and the
 * mean over ratios and metrics costs it the log of their number.
 *
 * @returns 0 when it is reached, `null` when at this share no ratio grows (v2 does not look worse) or nothing is split
 */
export function failingIdentitiesNeeded(
  metrics: readonly MetricEvidence[],
  weight: number,
  logThreshold: number,
): number | null {
  const target = logThreshold + Math.log(RATIOS.length * Math.max(1, metrics.length));
  let fewest: number | null = null;
  for (const evidence of metrics) {
    const events = evidence.canary + evidence.control;
    const meanCoin = events > 0 ? evidence.expectedCanary / events : weight;
    if (!(meanCoin > 0 && meanCoin < 1)) continue;
    // One event at the null's share is added, so that a first failure is not taken for a share of 0 or 1.
    const share = (evidence.canary + meanCoin) / (events + 1);
    for (const [index, ratio] of RATIOS.entries()) {
      const growth =
        share * logFactor(ratio, meanCoin, true) + (1 - share) * logFactor(ratio, meanCoin, false);
      if (growth <= 1e-6) continue;
      const needed = Math.max(0, Math.ceil((target - (evidence.logByRatio[index] ?? 0)) / growth));
      if (fewest === null || needed < fewest) fewest = needed;
    }
  }
  return fewest;
}
