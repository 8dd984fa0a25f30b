/** Where a value came from; `default` only shows up when two leaves that are fine alone do not fit together. */
type Source = "file" | "env" | "default";

/**
 * What kind of problem it is, for code that must tell them apart:
 * `file` cannot be read, `syntax` is not YAML, `unknown` key, `value` not accepted, `rule` between leaves broken,
 * `restart` a change that needs a restart, `apply` the new snapshot could not be put to work.
 */
type ProblemCode = "file" | "syntax" | "unknown" | "value" | "rule" | "restart" | "apply";

/** One thing that is wrong with a config, as a value. Never holds a secret. */
export interface Problem {
  readonly code: ProblemCode;
  /** Dotted path of the leaf (`split.percentage`, `routes[0].prefix`); empty for the file as a whole. */
  readonly path: string;
  /** The offending value as it may be shown, or undefined where there is none or it may not be shown. */
  readonly value: unknown;
  /** What would have been right, as a phrase that can follow "expected". */
  readonly expected: string;
  readonly source: Source;
  /** The variable that set the value, when `source` is `env`. */
  readonly env?: string;
  /** 1-based position in the file, when `source` is `file` and it is known. */
  readonly line?: number;
  readonly column?: number;
  /** The nearest known key, for `unknown`. */
  readonly suggestion?: string;
}

/** What is shown in place of a secret. */
export const redacted = "[secret]";

/**
 * One line for people: place, path, value, expectation.
 * `serin.yaml:4:15 split.percentage: got "abc", expected a percentage from 0 to 100 with at most 4 decimals`
 */
export function describeProblem(problem: Problem, configPath: string | null): string {
  const parts: string[] = [];
  if (problem.source === "env" && problem.env !== undefined) {
    parts.push(`environment ${problem.env}`);
  } else if (problem.source === "file" && configPath !== null) {
    const position = problem.line === undefined ? "" : `:${problem.line}:${problem.column ?? 1}`;
    parts.push(`${configPath}${position}`);
  }
  if (problem.path !== "") {
    parts.push(problem.path);
  }
  return `${parts.join(" ")}${parts.length > 0 ? ": " : ""}${describeFault(problem)}`;
}

function describeFault(problem: Problem): string {
  if (problem.code === "unknown") {
    return problem.suggestion === undefined
      ? "unknown key"
      : `unknown key, did you mean "${problem.suggestion}"?`;
  }
  const got = problem.value === undefined ? "" : `got ${printable(problem.value)}, `;
  return `${got}expected ${problem.expected}`;
}

const longestPrinted = 120;

function printable(value: unknown): string {
  if (value === redacted) {
    return redacted;
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestPrinted ? `${text.slice(0, longestPrinted)}...` : text;
}
