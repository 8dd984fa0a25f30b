import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { identifyProcess, stillRuns } from "../../local/src/process-identity.ts";
import type { ProcessIdentity } from "../../local/src/process-identity.ts";
import { pick } from "./ask.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const entry = path.join(root, "deploy/local/src/start.ts");

/** `npm start` as a process of its own. */
export interface LocalCommand {
  readonly pid: number;
  /** All that it has said so far, both streams. */
  output(): string;
  /** Settles when the output holds the text. Rejects with the output when the command ends without it. */
  says(text: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Settles when it has ended: its exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export function startLocalCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): LocalCommand {
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: root,
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let listeners: (() => void)[] = [];
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.includes(text)) return;
          listeners = listeners.filter((listener) => listener !== look);
          resolve();
        };
        listeners.push(look);
        look();
        void ended.then(() => reject(new Error(`it ended without saying "${text}":\n${output}`)));
      }),
    signal: (signal) => void child.kill(signal),
    ended,
  };
}

/** The processes of a running stack by name, from its own record, and the PostgreSQL server. */
export async function readProcesses(dataDir: string): Promise<ReadonlyMap<string, ProcessIdentity>> {
  const record: unknown = JSON.parse(await readFile(path.join(dataDir, "running.json"), "utf8"));
  const children = pick(record, "children");
  const pids = new Map<string, number>();
  for (const child of Array.isArray(children) ? children : []) {
    pids.set(String(pick(child, "name")), Number(pick(child, "pid")));
  }
  const postmaster = await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8");
  pids.set("PostgreSQL", Number(postmaster.split("\n")[0]));
  const processes = new Map<string, ProcessIdentity>();
  for (const [name, pid] of pids) {
    const identity = await identifyProcess(pid);
    if (identity !== null) processes.set(name, identity);
  }
  return processes;
}

/** How many of the processes still run. */
export async function countRunning(processes: ReadonlyMap<string, ProcessIdentity>): Promise<number> {
  const running = await Promise.all([...processes.values()].map(stillRuns));
  return running.filter(Boolean).length;
}
