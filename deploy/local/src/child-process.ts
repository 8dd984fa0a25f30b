import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { openLogFile } from "./log-file.ts";

export interface ChildSpec {
  /** As people call it: `proxy`, `cms-v1`. */
  readonly name: string;
  /** Entry file and its arguments, run by this process's own Node. Absolute. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes standard output and error. */
  readonly logFile: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  /** What it said last before it ended, oldest line first. */
  readonly lastWords: Promise<readonly string[]>;
  /** Sends SIGTERM, waits, and kills its process group when it is still there after the grace. */
  stop(graceMs: number): Promise<Exit>;
  /** Kills its process group at once. */
  kill(): void;
}

const lifeline = new URL("./lifeline.ts", import.meta.url).href;
const keptLines = 12;

/**
 * Starts a Node program that stops when this process does. It gets a process group of its own, so that Ctrl-C in the
 * terminal reaches only us and we decide on the order in which things stop.
 */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const log = await openLogFile(spec.logFile);
  const child = spawn(process.execPath, ["--import", lifeline, ...spec.args], {
    cwd: spec.cwd,
    env: { ...spec.env },
    detached: true,
    stdio: ["pipe", log.descriptor, log.descriptor],
  });
  child.stdin?.on("error", () => undefined);
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  await once(child, "spawn");
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${spec.name} has no process id`);
  const lastWords = exited.then(async () => {
    const lines = await log.lastLines(keptLines);
    await log.close();
    return lines;
  });
  const kill = (): void => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // The group has gone already.
    }
  };
  return {
    name: spec.name,
    pid,
    logFile: spec.logFile,
    exited,
    lastWords,
    stop: async (graceMs) => {
      child.kill("SIGTERM");
      const gone = await Promise.race([exited.then(() => true), delay(graceMs, false, { ref: false })]);
      if (!gone) kill();
      await lastWords;
      return exited;
    },
    kill,
  };
}

/** An exit in words: `exit code 1`, `signal SIGKILL`. */
export function describeExit(exit: Exit): string {
  return exit.signal === null ? `exit code ${exit.code ?? "unknown"}` : `signal ${exit.signal}`;
}
