import type { Input } from "./field-reader.ts";
import { countCharacters, type TextRule } from "./text-rule.ts";
import type { Violation, ViolationCode } from "./violation.ts";

/**
 * Reads fields by API v1's rules (docs/api-v1.md, "JSON bodies"): unknown ones are ignored, null is the same as absent, lone
 * surrogates are mended, and each field reports its first broken rule.
 */
export class LooseReader {
  readonly violations: Violation[] = [];
  readonly #input: Input;
  readonly #prefix: string;

  /** @param prefix stands before the names in violations, as in `metadata.` */
  constructor(input: Input, prefix = "") {
    this.#input = input;
    this.#prefix = prefix;
  }

  has(field: string): boolean {
    return this.#read(field) !== null;
  }

  /** A text that must be there. */
  text(field: string, rule: TextRule): string {
    if (this.has(field)) return this.optionalText(field, rule) ?? "";
    this.refuse(field, "required");
    return "";
  }

  /** A text that may be absent. */
  optionalText(field: string, rule: TextRule): string | undefined {
    const value = this.#read(field);
    if (value === null) return undefined;
    if (typeof value !== "string") return this.refuse(field, "type");
    const whole = value.toWellFormed();
    const text = rule.trim === true ? whole.trim() : whole;
    if (text.includes("\u0000")) return this.refuse(field, "nul");
    const length = countCharacters(text);
    if (length < rule.min) return this.refuse(field, "too_short");
    if (length > rule.max) return this.refuse(field, "too_long");
    if (rule.pattern !== undefined && !rule.pattern.test(text)) return this.refuse(field, "format");
    return text;
  }

  /** A text that null, or nothing but white space, clears: null then, and undefined only when absent. */
  clearableText(field: string, rule: TextRule): string | null | undefined {
    if (!Object.hasOwn(this.#input, field)) return undefined;
    if (!this.has(field)) return null;
    const text = this.optionalText(field, rule);
    return text === "" ? null : text;
  }

  flag(field: string): boolean | undefined {
    const value = this.#read(field);
    if (value === null) return undefined;
    return typeof value === "boolean" ? value : this.refuse(field, "type");
  }

  choice<Choice>(field: string, accepts: (value: unknown) => value is Choice): Choice | undefined {
    const value = this.#read(field);
    if (value === null) return undefined;
    if (typeof value === "string" && value.includes("\u0000")) return this.refuse(field, "nul");
    return accepts(value) ? value : this.refuse(field, "not_allowed");
  }

  /** Trimmed labels, each once, in the order of first appearance. */
  labels(field: string, rule: TextRule, most: number, lowerCase: boolean): string[] | undefined {
    const value = this.#read(field);
    if (value === null) return undefined;
    if (!Array.isArray(value)) return this.refuse(field, "type");
    const items: string[] = [];
    for (const item of value) {
      if (typeof item !== "string") return this.refuse(field, "type");
      const text = item.toWellFormed().trim();
      items.push(lowerCase ? text.toLowerCase() : text);
    }
    if (items.some((item) => item.includes("\u0000"))) return this.refuse(field, "nul");
    const misses = (item: string): boolean => {
      const length = countCharacters(item);
      return length < rule.min || length > rule.max;
    };
    if (items.some(misses)) return this.refuse(field, "too_short");
    const kept = [...new Set(items)];
    return kept.length > most ? this.refuse(field, "too_many") : kept;
  }

  /** A reader for an object inside; undefined when it is absent. */
  inner(field: string): LooseReader | undefined {
    const value = this.#read(field);
    if (value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) return this.refuse(field, "type");
    return new LooseReader(Object.fromEntries(Object.entries(value)), `${field}.`);
  }

  refuse(field: string, code: ViolationCode): undefined {
    this.violations.push({ field: `${this.#prefix}${field}`, code });
    return undefined;
  }

  #read(field: string): unknown {
    return Object.hasOwn(this.#input, field) ? (this.#input[field] ?? null) : null;
  }
}
