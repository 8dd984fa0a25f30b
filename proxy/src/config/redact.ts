import type { Config } from "./config.ts";
import { redacted } from "./problem.ts";
import { listLeaves, valueAt } from "./schema-tree.ts";

/** The effective config as leaves by dotted path, fit to be shown: a secret that is set reads `[secret]`. */
export function listEffective(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    listLeaves().map(({ path, leaf }) => {
      const value = valueAt(config, path);
      return [path, leaf.secret === true && value !== "" ? redacted : value];
    }),
  );
}
