/**
 * `node loadtests/src/compare-runs.ts BEFORE AFTER BOUND`: folders of summary.json files of as many rounds each, taken in turns on one
 * machine. Prints the ratio of p95, after over before, of each version; exits with 1 when the median round's is above the bound.
 */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { compareRounds } from "./compare-rounds.ts";
import type { Round } from "./compare-rounds.ts";

const exitUsage = 64;

process.exitCode = main(process.argv.slice(2));

function main([before, after, boundText]: readonly string[]): number {
  const bound = Number(boundText);
  if (before === undefined || after === undefined || !(bound > 0)) {
    process.stderr.write("Usage: node loadtests/src/compare-runs.ts BEFORE AFTER BOUND\n");
    return exitUsage;
  }
  const compared = compareRounds(readRounds(before), readRounds(after));
  process.stdout.write("| version | p95, after over before | rounds |\n|---|---|---|\n");
  for (const { version, ratio, rounds } of compared) {
    process.stdout.write(
      `| ${version} | ${ratio.toFixed(3)} | ${rounds.map((one) => one.toFixed(3)).join(", ")} |\n`,
    );
  }
  const worst = Math.max(...compared.map(({ ratio }) => ratio));
  process.stdout.write(`\n${worst > bound ? "FAILED" : "passed"}: ${worst.toFixed(3)}, at most ${bound}\n`);
  return worst > bound ? 1 : 0;
}

/** The rounds of a folder, in order of their names. */
function readRounds(folder: string): readonly Round[] {
  return readdirSync(folder)
    .toSorted((a, b) => a.localeCompare(b))
    .map((file) => JSON.parse(readFileSync(path.join(folder, file), "utf8")));
}
