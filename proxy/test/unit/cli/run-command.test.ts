import { describe, expect, test } from "vitest";
import type { Command, CommandContext } from "../../../src/cli/command.ts";
import { commands } from "../../../src/cli/commands.ts";
import { runCommand } from "../../../src/cli/run-command.ts";
import { formatTable } from "../../../src/cli/table.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly seen: Pick<CommandContext, "args" | "options"> | null;
}

async function run(argv: readonly string[]): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  let seen: Outcome["seen"] = null;
  const recording = commands.map((command): Command => ({
    ...command,
    run: async ({ args, options }) => {
      seen = { args, options };
      return 0;
    },
  }));
  const code = await runCommand(argv, recording, {
    env: {},
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    pause: async () => undefined,
  });
  return { code, out: out.join("\n"), err: err.join("\n"), seen };
}

describe("the command line", () => {
  test("hands a command its argument and its options, in any order", async () => {
    const { code, seen } = await run(["--json", "set", "--admin=http://x:1", "25", "--token", "t"]);
    expect(code).toBe(0);
    expect(seen).toEqual({ args: ["25"], options: { json: true, admin: "http://x:1", token: "t" } });
  });

  test("takes what stands behind -- as it is", async () => {
    expect((await run(["explain", "--", "--json"])).seen?.args).toEqual(["--json"]);
  });

  test.each([[["--help"]], [["-h"]], [["help"]]])("prints its help for %j", async (argv) => {
    const { code, out } = await run(argv);
    expect(code).toBe(0);
    for (const command of commands) {
      expect(out).toContain(`  ${command.name}`);
    }
  });

  test("prints the help of a command, and does not run it", async () => {
    const { code, out, seen } = await run(["set", "--help"]);
    expect(code).toBe(0);
    expect(out).toContain("set PERCENT");
    expect(out).not.toContain("--config");
    expect(seen).toBeNull();
  });

  test.each([
    [["chek"], "did you mean check?"],
    [["frobnicate"], "unknown command frobnicate"],
    [["check", "--confg", "x"], "did you mean --config?"],
    [["check", "--xyzzy"], "unknown option --xyzzy"],
    [["check", "-x"], "unknown option -x"],
    [["check", "--config"], "--config needs a value"],
    [["check", "--config", "--json"], "--config needs a value"],
    [["check", "--json=yes"], "--json takes no value"],
    [["status", "--config", "x"], "status takes no --config"],
    [["set"], "set takes PERCENT, got nothing"],
    [["set", "1", "2"], "set takes PERCENT, got 1 2"],
    [["status", "now"], "status takes no argument, got now"],
  ])("refuses %j with 64", async (argv, said) => {
    const { code, err, out, seen } = await run(argv);
    expect(code).toBe(64);
    expect(err).toContain(said);
    expect(out).toBe("");
    expect(seen).toBeNull();
  });

  test("says how it is used when it is told nothing", async () => {
    const { code, err } = await run([]);
    expect(code).toBe(64);
    expect(err).toContain("usage: serin COMMAND");
  });
});

test("a table aligns its columns and leaves no space at the end of a line", () => {
  expect(
    formatTable(
      ["id", "state"],
      [
        ["10", "up"],
        ["2", "restarting"],
      ],
    ),
  ).toEqual(["ID  STATE", "10  up", "2   restarting"]);
});
