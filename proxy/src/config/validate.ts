import convict from "convict";
import { coerce } from "./coerce.ts";
import type { Config } from "./config.ts";
import type { Finding, Leaf, LeafKind } from "./leaf.ts";
import { redacted } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { isRecord } from "./is-record.ts";
import { rules } from "./rules.ts";
import { isLeaf, listLeaves, rootSection, valueAt } from "./schema-tree.ts";
import type { PlacedLeaf, Section } from "./schema-tree.ts";

/** What `toDefinition` adds to a leaf so that a failed check comes back as a value rather than as message text. */
interface ReportingLeaf {
  readonly findings: Leaf<unknown>["findings"];
  readonly report: (finding: Finding) => void;
}

const kinds: readonly LeafKind[] = ["integer", "boolean", "percentage", "workers", "text", "list", "json"];

// convict keeps formats in a registry of its own, by name, so they are registered once.
for (const kind of kinds) {
  convict.addFormat({
    name: `serin-${kind}`,
    coerce: (value: unknown) => coerce(kind, value),
    validate: (value: unknown, { findings, report }: convict.SchemaObj & Partial<ReportingLeaf>) => {
      const found = findings?.(value) ?? [];
      if (found.length > 0) {
        found.forEach((finding) => report?.(finding));
        throw new Error("not accepted");
      }
    },
  });
}

export interface Validated {
  /** The effective config; holds what was given, so it is a Config only when `problems` is empty. */
  readonly config: Config;
  readonly problems: readonly Omit<Problem, "source">[];
}

/**
 * Lays the file's values and the environment over the defaults and checks everything, first each leaf, then the rules
 * between leaves.
 *
 * @param fileValues Coerced values by dotted path; known leaves only.
 * @param env The variables that set a leaf, by name; nothing else.
 */
export function validate(
  fileValues: ReadonlyMap<string, unknown>,
  env: Readonly<Record<string, string>>,
): Validated {
  const problems: Omit<Problem, "source">[] = [];
  const definition = toDefinition(rootSection(), "", (placed, finding) => {
    problems.push(toProblem(placed, finding));
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made from the schema, whose type is tied to Config
  const instance = convict<Config>(definition as convict.Schema<Config>, { env: { ...env }, args: [] });
  instance.load(nest(fileValues));
  try {
    instance.validate({ allowed: "strict" });
  } catch (error) {
    if (problems.length === 0) {
      throw error;
    }
  }
  const config = instance.getProperties();
  problems.push(...findBrokenRules(config, new Set(problems.map(({ path }) => path.replace(/\[.*/, "")))));
  return { config, problems };
}

function findBrokenRules(config: Config, invalid: ReadonlySet<string>): Omit<Problem, "source">[] {
  const leaves = new Map(listLeaves().map((placed) => [placed.path, placed]));
  return rules
    .filter((rule) => !invalid.has(rule.path) && !rule.reads.some((path) => invalid.has(path)))
    .flatMap((rule) => {
      const expected = rule.broken(config);
      const secret = leaves.get(rule.path)?.leaf.secret === true;
      const value = secret ? undefined : valueAt(config, rule.path);
      return expected === null ? [] : [{ code: "rule" as const, path: rule.path, value, expected }];
    });
}

/** A finding with its full path, fit to be shown; where the value came from is for the caller to say. */
export function toProblem({ path, leaf }: PlacedLeaf, finding: Finding): Omit<Problem, "source"> {
  const value = leaf.secret === true ? redacted : finding.value;
  const place = `${path}${finding.at}`;
  if (finding.unknownKey === undefined) {
    return { code: "value", path: place, value, expected: finding.expected };
  }
  const { suggestion } = finding.unknownKey;
  const problem = { code: "unknown", path: place, value: undefined, expected: finding.expected } as const;
  return suggestion === undefined ? problem : { ...problem, suggestion };
}

function toDefinition(
  section: Section,
  prefix: string,
  report: (placed: PlacedLeaf, finding: Finding) => void,
): Record<string, unknown> {
  const envByPath = new Map(listLeaves(section, prefix).map(({ path, env }) => [path, env]));
  return Object.fromEntries(
    Object.entries(section).map(([key, node]) => {
      const path = `${prefix}${key}`;
      if (!isLeaf(node)) {
        return [key, toDefinition(node, `${path}.`, report)];
      }
      const env = envByPath.get(path) ?? "";
      return [
        key,
        {
          doc: node.doc,
          default: node.default,
          format: `serin-${node.kind}`,
          env,
          sensitive: node.secret === true,
          findings: node.findings,
          report: (finding: Finding) => report({ path, env, leaf: node }, finding),
        },
      ];
    }),
  );
}

function nest(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let section = root;
    for (const key of keys) {
      const existing = section[key];
      const inner = isRecord(existing) ? existing : {};
      section[key] = inner;
      section = inner;
    }
    section[last] = value;
  }
  return root;
}
