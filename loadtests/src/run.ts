/**
 * `npm run loadtest -- SCRIPT [--docker] [-- K6 ARGUMENTS]`: runs a script of loadtests/scripts with the `k6` on this machine, or in
 * the staging stack through Docker where there is none, and writes reports/SCRIPT/: summary.json, report.html, samples.json.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { createReport } from "./report.ts";
import { readSamples } from "./samples.ts";
import { summarise } from "./summary.ts";

const root = path.resolve(import.meta.dirname, "../..");
const scripts = readdirSync(path.join(root, "loadtests/scripts")).map((file) => path.basename(file, ".ts"));
const exitUsage = 64;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { docker: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const [script = "", ...k6Arguments] = positionals;
  if (!scripts.includes(script)) {
    process.stderr.write(`Usage: npm run loadtest -- ${scripts.join("|")} [--docker] [-- K6 ARGUMENTS]\n`);
    return exitUsage;
  }
  const folder = path.join(root, "reports", script);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const inDocker = values.docker || spawnSync("k6", ["version"]).error !== undefined;
  const exitCode = await (inDocker ? runInDocker : runLocally)(script, k6Arguments);
  const samples = path.join(folder, "samples.json");
  const exported = path.join(folder, "k6.json");
  if (!existsSync(samples) || !existsSync(exported)) return exitCode || 1;
  const seen = await readSamples(samples);
  const summary = summarise(script, seen, JSON.parse(readFileSync(exported, "utf8")), exitCode);
  writeFileSync(path.join(folder, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  writeFileSync(path.join(folder, "report.html"), createReport(summary, seen));
  process.stdout.write(
    `${summary.passed ? "passed" : "FAILED"}: reports/${script}/report.html, summary.json\n`,
  );
  return exitCode;
}

function runLocally(script: string, more: readonly string[]): Promise<number> {
  const scriptFile = path.join(root, "loadtests/scripts", `${script}.ts`);
  return run("k6", k6Arguments(path.join(root, "reports", script), scriptFile, more));
}

/** In the network of the staging stack, as the user who asked, so that the reports are theirs. */
function runInDocker(script: string, more: readonly string[]): Promise<number> {
  const files = ["--env-file", ".env.staging", "-f", "docker-compose.staging.yml", "--profile", "load"];
  const settings = Object.entries(process.env)
    .filter(([name]) =>
      /^(?:RATE|DURATION|USERS|STEP|WEEK_SECONDS|DRILLS|COHORT|VISITS|P95_MS|MAX_\w+)$/.test(name),
    )
    .flatMap(([name, value]) => ["-e", `${name}=${value ?? ""}`]);
  const k6 = k6Arguments(`/reports/${script}`, `scripts/${script}.ts`, more);
  // The plugin, or the command of its own that Debian has.
  const plugin = spawnSync("docker", ["compose", "version"]).status === 0;
  const [command, first] = plugin ? ["docker", ["compose"]] : ["docker-compose", []];
  return run(command, [...first, ...files, "run", "--rm", ...settings, "k6", ...k6], {
    K6_USER: `${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`,
  });
}

function k6Arguments(folder: string, scriptFile: string, more: readonly string[]): readonly string[] {
  const output = ["--out", `json=${folder}/samples.json`, "--summary-export", `${folder}/k6.json`];
  return ["run", "--no-usage-report", ...output, ...more, scriptFile];
}

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
