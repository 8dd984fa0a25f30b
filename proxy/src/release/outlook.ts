import { logFactor, logMeanExp, RATIOS, type MetricEvidence } from "./evidence.ts";

/** Past this many the answer is "not at this rate". */
const HORIZON = 1_000_000;

/**
 * About how many more failing identities of one metric it takes, at the share of canaries seen so far, until the evidence
 * over all metrics reaches `logThreshold`: for each ratio the log grows by a constant per event on average.
 *
 * @param weight P(canary) to go by before any identity has failed
 * @returns 0 when it is reached; `null` when at this share it never is (v2 does not look worse), or nothing is split
 */
export function failingIdentitiesNeeded(
  metrics: readonly MetricEvidence[],
  weight: number,
  logThreshold: number,
): number | null {
  let fewest: number | null = null;
  for (const growing of metrics) {
    const growth = meanGrowth(growing, weight);
    if (growth === null) continue;
    const logAfter = (events: number): number =>
      logMeanExp(
        metrics.map((evidence) =>
          evidence === growing
            ? logMeanExp(evidence.logByRatio.map((log, index) => log + events * (growth[index] ?? 0)))
            : logMeanExp(evidence.logByRatio),
        ),
      );
    const needed = firstReaching(logAfter, logThreshold);
    if (needed !== null && (fewest === null || needed < fewest)) fewest = needed;
  }
  return fewest;
}

/** Mean growth of ln e_r per event, for each ratio. */
function meanGrowth(evidence: MetricEvidence, weight: number): number[] | null {
  const events = evidence.canary + evidence.control;
  const coin = events > 0 ? evidence.expectedCanary / events : weight;
  if (!(coin > 0 && coin < 1)) return null;
  // One event at the null's share is added, so that a first failure is not taken for a share of 0 or 1.
  const share = (evidence.canary + coin) / (events + 1);
  return RATIOS.map(
    (ratio) => share * logFactor(ratio, coin, true) + (1 - share) * logFactor(ratio, coin, false),
  );
}

/** The log of a sum of exponentials is convex, so once it rises past the threshold it stays there: doubling, then halving. */
function firstReaching(logAfter: (events: number) => number, threshold: number): number | null {
  if (logAfter(0) >= threshold) return 0;
  let enough = 1;
  while (logAfter(enough) < threshold) {
    enough *= 2;
    if (enough > HORIZON) return null;
  }
  let tooFew = Math.floor(enough / 2);
  while (enough - tooFew > 1) {
    const middle = Math.floor((enough + tooFew) / 2);
    if (logAfter(middle) >= threshold) enough = middle;
    else tooFew = middle;
  }
  return enough;
}
