const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Reads a duration as people write it: `90s`, `12h`, `7d`, `1w`, `500ms`; a whole number and one unit.
 *
 * @returns milliseconds, or null when it is anything else or longer than 10 years
 */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,12})(ms|s|m|h|d|w)$/.exec(text);
  if (match === null) {
    return null;
  }
  const ms = Number(match[1]) * (units[match[2] ?? ""] ?? Number.NaN);
  return ms <= 520 * 604_800_000 ? ms : null;
}
