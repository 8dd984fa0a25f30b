import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { renderExample, renderReference } from "../src/config/reference.ts";

// Writes what is made from the config schema; with --check, writes nothing and fails when a file differs.

const checkOnly = process.argv.includes("--check");
const files = [
  { url: new URL("../../docs/configuration.md", import.meta.url), text: renderReference() },
  { url: new URL("../serin.example.yaml", import.meta.url), text: renderExample() },
];

for (const { url, text } of files) {
  const current = await readFile(url, "utf8").catch(() => null);
  if (current === text) {
    continue;
  }
  if (checkOnly) {
    process.stderr.write(`${fileURLToPath(url)} differs from the schema: run npm run docs:config -w serin\n`);
    process.exitCode = 1;
  } else {
    await writeFile(url, text);
  }
}
