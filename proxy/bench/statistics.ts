/** The value below which that share of an ascending list lies; `NaN` for an empty one. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}

/** Several rounds of one figure. */
export interface Rounds {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Median and range over rounds; `NaN` throughout for none. */
export function overRounds(values: readonly number[]): Rounds {
  const ascending = values.toSorted((a, b) => a - b);
  const middle = ascending.length / 2;
  const median = Number.isInteger(middle)
    ? ((ascending[middle - 1] ?? Number.NaN) + (ascending[middle] ?? Number.NaN)) / 2
    : quantile(ascending, 0.5);
  return { median, lowest: ascending[0] ?? Number.NaN, highest: ascending.at(-1) ?? Number.NaN };
}
