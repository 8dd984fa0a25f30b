import { expect, test } from "vitest";
import { parseArguments } from "../../src/parse-arguments.ts";

test.each([
  ["migrate", { name: "migrate", seed: true, verify: false, contract: false, dryRun: false }],
  [
    "migrate --no-seed --verify",
    { name: "migrate", seed: false, verify: true, contract: false, dryRun: false },
  ],
  [
    "migrate --contract --dry-run",
    { name: "migrate", seed: true, verify: false, contract: true, dryRun: true },
  ],
  ["rollback", { name: "rollback", dryRun: false }],
  ["seed", { name: "seed", posts: 200, dryRun: false }],
  ["seed --posts 100000", { name: "seed", posts: 100_000, dryRun: false }],
  ["seed --posts=0", { name: "seed", posts: 0, dryRun: false }],
  ["reset --yes --no-seed", { name: "reset", seed: false, dryRun: false }],
  ["reset --dry-run", { name: "reset", seed: true, dryRun: true }],
  ["status", { name: "status" }],
  ["validate", { name: "validate" }],
  ["status --help", { name: "help" }],
])("reads `%s`", (line, command) => {
  expect(parseArguments(line.split(" "))).toEqual({ command });
});

test.each([
  ["", "no command is given"],
  ["toString", "unknown command 'toString'"],
  ["migrate now", "'migrate' takes no further words, but got 'now'"],
  ["rollback --posts 5", "'rollback' has no option --posts"],
  ["seed --posts 100001", "--posts must be a whole number from 0 to 100000, but is '100001'"],
  ["seed --posts 1e3", "--posts must be a whole number from 0 to 100000, but is '1e3'"],
  ["reset", "reset loses all data; say --yes to mean it"],
])("refuses `%s`", (line, problem) => {
  const words = line.split(" ").filter((word) => word !== "");
  expect(parseArguments(words)).toEqual({ problem });
});

test.each(["seed --posts -1", "migrate --nonsense"])("refuses `%s` in the words of the parser", (line) => {
  expect(parseArguments(line.split(" "))).toEqual({ problem: expect.any(String) });
});
