import { ApiError, invalid, type ValidationProblem } from "./api-error.ts";

const nulMessage = "must not contain the NUL character";

export interface TextRule {
  readonly min?: number;
  readonly max?: number;
  readonly trim?: boolean;
  readonly message: string;
}

export interface ListRule {
  readonly min: number;
  readonly max: number;
  readonly lowerCase: boolean;
}

const mostItems = 20;

/** Length in Unicode code points. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Reads the fields of a JSON body one after the other and remembers what is wrong, in that order. */
export class FieldReader {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #problems: ValidationProblem[];
  readonly #prefix: string;

  constructor(values: object, problems: ValidationProblem[] = [], prefix = "") {
    this.#values = new Map(Object.entries(values));
    this.#problems = problems;
    this.#prefix = prefix;
  }

  /** @throws ApiError 400 for anything but a JSON object. */
  static ofBody(body: unknown): FieldReader {
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
      throw new ApiError(400, "Request body must be a JSON object");
    }
    return new FieldReader(body);
  }

  get hasProblems(): boolean {
    return this.#problems.length > 0;
  }

  fail(field: string, message: string): undefined {
    this.#problems.push({ field: `${this.#prefix}${field}`, message });
    return undefined;
  }

  /** @throws ApiError 422 when anything was wrong. */
  finish(): void {
    if (this.#problems.length > 0) throw invalid(this.#problems);
  }

  /** Whether the field is there and not null. */
  has(field: string): boolean {
    return (this.#values.get(field) ?? null) !== null;
  }

  raw(field: string): unknown {
    return this.#values.get(field) ?? undefined;
  }

  requiredText(field: string, rule?: TextRule): string | undefined {
    if (!this.has(field)) return this.fail(field, "is required");
    return this.optionalText(field, rule);
  }

  /** Undefined when absent, null or wrong. */
  optionalText(field: string, rule?: TextRule): string | undefined {
    const text = this.#string(field);
    if (text === undefined || rule === undefined) return text;
    const value = rule.trim ? text.trim() : text;
    const length = lengthOf(value);
    if (length < (rule.min ?? 0) || length > (rule.max ?? Infinity)) return this.fail(field, rule.message);
    return value;
  }

  /** Undefined when absent or wrong; null when null or empty after trimming. */
  nullableText(field: string, max: number): string | null | undefined {
    if (this.#values.get(field) === null) return null;
    const value = this.optionalText(field, { max, trim: true, message: `must be at most ${max} characters` });
    return value === "" ? null : value;
  }

  choice<T extends string>(field: string, choices: readonly T[]): T | undefined {
    if (!this.has(field)) return undefined;
    const value = this.raw(field);
    if (typeof value === "string" && value.includes("\0")) return this.fail(field, nulMessage);
    return (
      choices.find((choice) => choice === value) ?? this.fail(field, `must be one of ${choices.join(", ")}`)
    );
  }

  boolean(field: string): boolean | undefined {
    if (!this.has(field)) return undefined;
    const value = this.raw(field);
    return typeof value === "boolean" ? value : this.fail(field, "must be a boolean");
  }

  /** Trimmed, without duplicates, in the order given. */
  list(field: string, rule: ListRule): readonly string[] | undefined {
    if (!this.has(field)) return undefined;
    const value = this.raw(field);
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
      return this.fail(field, "must be an array of strings");
    }
    if (value.some((item) => item.includes("\0"))) return this.fail(field, nulMessage);
    const items = value.map((item) => {
      const trimmed = item.toWellFormed().trim();
      return rule.lowerCase ? trimmed.toLowerCase() : trimmed;
    });
    if (items.some((item) => lengthOf(item) < rule.min || lengthOf(item) > rule.max)) {
      return this.fail(field, `must be between ${rule.min} and ${rule.max} characters each`);
    }
    const distinct = [...new Set(items)];
    if (distinct.length > mostItems) return this.fail(field, `must have at most ${mostItems} items`);
    return distinct;
  }

  /** The fields of an object inside this one; their problems are reported as `field.name`. */
  object(field: string): FieldReader | undefined {
    if (!this.has(field)) return undefined;
    const value = this.raw(field);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.fail(field, "must be an object");
    }
    return new FieldReader(value, this.#problems, `${this.#prefix}${field}.`);
  }

  #string(field: string): string | undefined {
    if (!this.has(field)) return undefined;
    const value = this.raw(field);
    if (typeof value !== "string") return this.fail(field, "must be a string");
    if (value.includes("\0")) return this.fail(field, nulMessage);
    return value.toWellFormed();
  }
}
