import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

const folder = path.resolve(import.meta.dirname, "..");

/** One rule of `rules/`, recording or alerting. */
export interface Rule {
  /** Name of the recorded series or of the alert. */
  readonly name: string;
  readonly kind: "record" | "alert";
  readonly expr: string;
  readonly runbookUrl: string | null;
}

/** Every rule of both files, in order. */
export function readRules(): readonly Rule[] {
  return ["recording.yml", "alerts.yml"].flatMap((file) =>
    collect(parse(readFileSync(path.join(folder, "rules", file), "utf8"))),
  );
}

/** Text of the promtool tests that mention alerts. */
export function readAlertTests(): string {
  return ["release.test.yml", "proxy.test.yml"]
    .map((file) => readFileSync(path.join(folder, "tests", file), "utf8"))
    .join("\n");
}

/** A rule is whatever has an `expr` beside `record` or `alert`, wherever it stands. */
function collect(node: unknown): Rule[] {
  if (Array.isArray(node)) return node.flatMap(collect);
  if (typeof node !== "object" || node === null) return [];
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(node));
  const expr = fields.get("expr");
  const kind = fields.has("record") ? "record" : "alert";
  const name = fields.get(kind);
  if (typeof expr !== "string" || typeof name !== "string") return [...fields.values()].flatMap(collect);
  const annotations = fields.get("annotations");
  const url: unknown =
    typeof annotations === "object" && annotations !== null ? Reflect.get(annotations, "runbook_url") : null;
  return [{ name, kind, expr, runbookUrl: typeof url === "string" ? url : null }];
}
