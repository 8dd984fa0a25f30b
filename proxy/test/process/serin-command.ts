import { execFile } from "node:child_process";
import { join } from "node:path";

const ENTRY = join(import.meta.dirname, "../../src/cli/serin.ts");

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real `serin` command in a process of its own, against a Serin's admin server. */
export function runSerin(
  serin: { readonly adminUrl: string },
  ...args: readonly string[]
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const options = { timeout: 20_000 };
    const argv = [ENTRY, ...args, "--admin", serin.adminUrl];
    const child = execFile(process.execPath, argv, options, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}
