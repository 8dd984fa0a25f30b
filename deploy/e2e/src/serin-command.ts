import { execFile } from "node:child_process";
import path from "node:path";
import type { Target } from "./target.ts";

const root = path.resolve(import.meta.dirname, "../../..");

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the `serin` command as an operator would, against the target's admin address. */
export function runSerin(target: Target, args: readonly string[]): Promise<CommandResult> {
  const entry = path.join(root, "proxy/src/cli/serin.ts");
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [entry, ...args],
      { cwd: root, env: { ...process.env, SERIN_ADMIN_URL: target.adminUrl }, timeout: 30_000 },
      (error, stdout, stderr) => {
        resolve({
          code: error === null ? 0 : typeof error.code === "number" ? error.code : 1,
          stdout,
          stderr,
        });
      },
    );
  });
}
