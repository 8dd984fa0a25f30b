import type { Violation } from "./violation.ts";

export interface TextRule {
  readonly min: number;
  readonly max: number;
  readonly pattern?: RegExp;
  /** Whether white space at the ends is ignored and not kept. */
  readonly trim?: boolean;
}

/**
 * Characters as PostgreSQL's `char_length` counts them: code points, so that an emoji is one.
 * The short cut holds because a code point takes one or two UTF-16 units.
 */
export function countCharacters(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(index + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count -= 1;
      index += 1;
    }
  }
  return count;
}

/** The text as it is kept, or the first rule that it breaks. U+0000 is refused: PostgreSQL cannot store it. */
export function parseText(field: string, value: unknown, rule: TextRule): string | Violation {
  if (value === undefined || value === null) return { field, code: "required" };
  if (typeof value !== "string") return { field, code: "type" };
  const text = rule.trim === true ? value.trim() : value;
  const length = countCharacters(text);
  if (length < rule.min) return { field, code: "too_short", limit: rule.min };
  if (length > rule.max) return { field, code: "too_long", limit: rule.max };
  if (text.includes("\u0000")) return { field, code: "nul" };
  if (!text.isWellFormed()) return { field, code: "format" };
  if (rule.pattern !== undefined && !rule.pattern.test(text)) return { field, code: "format" };
  return text;
}
