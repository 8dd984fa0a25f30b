import { parseText, type TextRule } from "./text-rule.ts";
import type { Violation, ViolationCode } from "./violation.ts";

export type Input = Readonly<Record<string, unknown>>;

/**
 * Reads named fields of an untrusted object, noting every broken rule instead of stopping at the first.
 * What a broken field returns is a placeholder: look at `violations` before using any.
 */
export class FieldReader {
  readonly violations: Violation[] = [];
  readonly #input: Input;
  readonly #prefix: string;

  /** @param prefix stands before the names in violations, as in `metadata.` */
  constructor(input: Input, prefix = "") {
    this.#input = input;
    this.#prefix = prefix;
  }

  /** A text that must be there. */
  text(field: string, rule: TextRule): string {
    const text = parseText(`${this.#prefix}${field}`, this.#read(field), rule);
    if (typeof text === "string") return text;
    this.violations.push(text);
    return "";
  }

  /** A text that may be left out (undefined) or emptied (null). */
  optionalText(field: string, rule: TextRule): string | null | undefined {
    const value = this.#read(field);
    return value === undefined || value === null ? value : this.text(field, rule);
  }

  /** A text that may be left out, but not emptied. */
  givenText(field: string, rule: TextRule): string | undefined {
    return this.#read(field) === undefined ? undefined : this.text(field, rule);
  }

  flag(field: string): boolean | undefined {
    const value = this.#read(field);
    if (value === undefined || typeof value === "boolean") return value;
    return this.refuse(field, "type");
  }

  choice<Choice>(field: string, accepts: (value: unknown) => value is Choice): Choice | undefined {
    const value = this.#read(field);
    if (value === undefined || accepts(value)) return value;
    return this.refuse(field, "not_allowed");
  }

  /**
   * Labels, trimmed, each once, in the order of their first appearance.
   * @param rule applies to each label; its violations name the place, as in `tags.2`
   */
  labels(field: string, rule: TextRule, most: number, lowerCase: boolean): string[] | undefined {
    const value = this.#read(field);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.refuse(field, "type");
    const kept = new Set<string>();
    const clean = (item: unknown): unknown => {
      if (typeof item !== "string") return item;
      return lowerCase ? item.trim().toLowerCase() : item.trim();
    };
    for (const [index, item] of value.entries()) {
      const text = parseText(`${this.#prefix}${field}.${index}`, clean(item), rule);
      if (typeof text === "string") kept.add(text);
      else this.violations.push(text);
    }
    if (kept.size > most) {
      this.violations.push({ field: `${this.#prefix}${field}`, code: "too_many", limit: most });
    }
    return [...kept];
  }

  /** A reader for an object inside; undefined when it is left out. */
  inner(field: string): FieldReader | undefined {
    const value = this.#read(field);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return this.refuse(field, "type");
    return new FieldReader(Object.fromEntries(Object.entries(value)), `${this.#prefix}${field}.`);
  }

  refuse(field: string, code: ViolationCode): undefined {
    this.violations.push({ field: `${this.#prefix}${field}`, code });
    return undefined;
  }

  /** Notes every field that is not among `known`, so that a misspelt one is not silently ignored. */
  refuseUnknown(known: readonly string[]): void {
    for (const field of Object.keys(this.#input)) {
      if (!known.includes(field)) this.refuse(field, "unknown_field");
    }
  }

  /** For changes: something must be asked for. */
  refuseEmpty(): void {
    if (Object.keys(this.#input).length === 0) this.violations.push({ field: "body", code: "empty" });
  }

  /** Own properties only: a body may name `constructor` or `__proto__`. */
  #read(field: string): unknown {
    return Object.hasOwn(this.#input, field) ? this.#input[field] : undefined;
  }
}
