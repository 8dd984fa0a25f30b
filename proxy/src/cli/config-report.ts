import type { FailedConfig } from "../config/load.ts";
import { describeProblem } from "../config/problem.ts";
import { showValue, textField } from "./read-field.ts";

/** Every problem of a config, a line each, under a line that counts them. */
export function reportProblems(failed: FailedConfig, configPath: string | null): string[] {
  const count = failed.problems.length;
  return [
    `${configPath ?? "config"}: ${count} ${count === 1 ? "problem" : "problems"}`,
    ...failed.problems.map((problem) => `  ${describeProblem(problem, configPath)}`),
  ];
}

/** The leaves that the environment sets, and what of the file that leaves without effect; ours or as JSON brought them. */
export function describePinned(
  pinned: readonly object[],
  shadowed: readonly object[],
): [label: string, value: string][] {
  const pins = pinned.map((leaf) => ({ ...leaf })).map(describePin);
  const ignored = shadowed.map((leaf) => ({ ...leaf })).map(describeShadow);
  return [...label("pinned", pins), ...label("ignored", ignored)];
}

function describePin(leaf: Record<string, unknown>): string {
  return `${textField(leaf, "path")} = ${showValue(leaf["value"])} by ${textField(leaf, "env")}`;
}

function describeShadow(leaf: Record<string, unknown>): string {
  const fileValue = showValue(leaf["fileValue"]);
  return `${textField(leaf, "path")}: ${fileValue} in the file, because ${textField(leaf, "env")} pins it`;
}

function label(name: string, lines: readonly string[]): [string, string][] {
  return lines.map((line, index) => [index === 0 ? name : "", line]);
}
