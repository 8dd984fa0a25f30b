/**
 * `npm run check:rules`: has promtool check the config, the rules and the dashboards' queries, and run the rules' tests.
 * Without promtool it says so and succeeds; with `--require` it fails then.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readQueries } from "./dashboards.ts";

const folder = path.resolve(import.meta.dirname, "..");

process.exitCode = main(process.argv.includes("--require"));

function main(required: boolean): number {
  if (spawnSync("promtool", ["--version"]).error !== undefined) {
    const found = "promtool is not installed (it comes with Prometheus)";
    process.stderr.write(
      required
        ? `${found}\n`
        : `SKIPPED: ${found}; neither the rules nor the dashboards' queries were checked\n`,
    );
    return required ? 1 : 0;
  }
  const scratch = mkdtempSync(path.join(tmpdir(), "serin-rules-"));
  try {
    const steps = [
      ["check", "config", "--syntax-only", "prometheus.yml"],
      ["check", "rules", ...list("rules")],
      ["check", "rules", writeQueriesAsRules(scratch)],
      ["test", "rules", ...list("tests")],
    ];
    const failed = steps.filter(
      (args) => spawnSync("promtool", args, { cwd: folder, stdio: "inherit" }).status !== 0,
    );
    for (const args of failed) process.stderr.write(`FAILED: promtool ${args.join(" ")}\n`);
    return failed.length === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function list(subfolder: string): readonly string[] {
  return readdirSync(path.join(folder, subfolder))
    .filter((file) => file.endsWith(".yml"))
    .map((file) => path.join(subfolder, file));
}

/** promtool parses expressions in rules only, so every query of a dashboard becomes one. JSON is YAML. */
function writeQueriesAsRules(scratch: string): string {
  const rules = readQueries().map(({ dashboard, where, expr }, index) => ({
    record: `dashboard_query:${index}`,
    expr,
    labels: { dashboard, where },
  }));
  const file = path.join(scratch, "dashboard-queries.yml");
  writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboards", rules }] }));
  return file;
}
