import type { Environment } from "../config/load.ts";

/** Exit codes, after sysexits.h: 64 is "used wrongly", which includes a config that is wrong. */
export const exitCodes = { ok: 0, failed: 1, usage: 64 } as const;

/** What a command is given, so that a test can run it with other streams and another environment. */
export interface CommandContext {
  /** What stands behind the command's name, options taken out. */
  readonly args: readonly string[];
  readonly options: CommandOptions;
  readonly env: Environment;
  /** Prints a line for people or programs (standard output). */
  readonly print: (line: string) => void;
  /** Prints a line about what went wrong (standard error). */
  readonly complain: (line: string) => void;
  /** Waits; the clock of polling commands. */
  readonly pause: (ms: number) => Promise<void>;
}

export interface CommandOptions {
  readonly config?: string;
  readonly admin?: string;
  readonly token?: string;
  readonly json: boolean;
  readonly why?: string;
  readonly "if-match"?: string;
  readonly force?: true;
  readonly limit?: string;
  readonly "allow-backward"?: true;
}

export type OptionName = keyof CommandOptions;

export interface Command {
  readonly name: string;
  /** What stands behind the name in the help, such as `IDENTITY`; one word for each argument. */
  readonly args: readonly string[];
  /** The options it takes, besides `--help`. */
  readonly options: readonly OptionName[];
  /** One line: what it does. */
  readonly summary: string;
  /** Does it and returns the exit code. */
  readonly run: (context: CommandContext) => Promise<number>;
}
