import { canonicalJson } from "./canonical.ts";
import type { Config } from "./config.ts";
import type { Problem } from "./problem.ts";
import { listLeaves, valueAt } from "./schema-tree.ts";

/** A leaf whose effective value differs between two configs. Secrets are left out of `from` and `to`. */
export interface ChangedLeaf {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
  /** Whether it takes a restart. */
  readonly restart: boolean;
}

/** Every leaf that differs, in the order of the schema. */
export function listChanges(before: Config, after: Config): ChangedLeaf[] {
  return listLeaves().flatMap(({ path, leaf }) => {
    const from = valueAt(before, path);
    const to = valueAt(after, path);
    if (canonicalJson(from) === canonicalJson(to)) {
      return [];
    }
    const restart = leaf.restart === true;
    return [
      leaf.secret === true ? { path, from: undefined, to: undefined, restart } : { path, from, to, restart },
    ];
  });
}

/** The changes that a running process cannot make, each as the problem that refuses the reload as a whole. */
export function findRestartProblems(changes: readonly ChangedLeaf[]): Problem[] {
  return changes
    .filter(({ restart }) => restart)
    .map(({ path, from, to }) => ({
      code: "restart",
      path,
      value: to,
      expected: `${JSON.stringify(from)}, because it cannot change without a restart`,
      source: "file",
    }));
}
