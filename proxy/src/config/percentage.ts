const percentagePattern = /^(\d{1,3})(?:\.(\d{1,4})0*)?$/;

/**
 * Reads a percentage exactly, digit by digit, so that no float rounding moves a user: `"12.5"` is 125,000 ppm.
 *
 * @param text Decimal notation, 0 to 100, at most 4 decimals (zeros after the fourth are harmless); no sign, no
 *   exponent, no percent sign.
 * @returns The weight in parts per million, 0 to 1,000,000, or null when the text is anything else.
 */
export function parsePercentage(text: string): number | null {
  const match = percentagePattern.exec(text);
  if (match === null) {
    return null;
  }
  const weightPpm = Number(match[1]) * 10_000 + Number((match[2] ?? "").padEnd(4, "0"));
  return weightPpm <= 1_000_000 ? weightPpm : null;
}

/** The shortest decimal notation of a weight: 125,000 ppm is `"12.5"`. The inverse of `parsePercentage`. */
export function formatPercentage(weightPpm: number): string {
  const whole = Math.trunc(weightPpm / 10_000);
  const decimals = String(weightPpm % 10_000)
    .padStart(4, "0")
    .replace(/0+$/, "");
  return decimals === "" ? String(whole) : `${whole}.${decimals}`;
}
