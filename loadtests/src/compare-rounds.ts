import { quantile } from "./samples.ts";

/** What of a run's summary is compared. */
export interface Round {
  readonly versions: Readonly<Record<string, { readonly p95Ms: number }>>;
}

export interface Comparison {
  readonly version: string;
  /** Of the median round. */
  readonly ratio: number;
  /** Each round's p95, after over before. */
  readonly rounds: readonly number[];
}

/**
 * Compares rounds that were taken in turns, pair by pair: what slows the machine down for a while slows both of a pair.
 * @throws when there is nothing to compare, or not as many rounds on one side as on the other
 */
export function compareRounds(before: readonly Round[], after: readonly Round[]): readonly Comparison[] {
  if (before.length === 0 || before.length !== after.length) {
    throw new Error(
      `${before.length} rounds before, ${after.length} after: expected as many, and at least one`,
    );
  }
  const versions = Object.keys(before[0]?.versions ?? {}).filter((version) => version !== "none");
  if (versions.length === 0) throw new Error("no version answered before");
  return versions.map((version) => {
    const rounds = before.map((one, index) => p95Of(after[index], version) / p95Of(one, version));
    return { version, ratio: quantile(rounds, 0.5), rounds };
  });
}

function p95Of(round: Round | undefined, version: string): number {
  const p95Ms = round?.versions[version]?.p95Ms;
  if (p95Ms === undefined) throw new Error(`${version} did not answer in every round`);
  return p95Ms;
}
