import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { identifyProcess, stillRuns } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** Who runs the stack of a data folder, kept in it: so that a second start knows of the first, and of what it left. */
interface RunRecord {
  readonly owner: ProcessIdentity;
  readonly children: readonly ProcessIdentity[];
}

const fileName = "running.json";
const pollMs = 100;
/** Longer than the services' own grace once their parent is gone. */
const leftoverGraceMs = 20_000;

/** Thrown when the stack of this data folder runs already. */
export class AlreadyRunningError extends Error {
  constructor(dataDir: string, pid: number) {
    super(`a stack with the data folder ${dataDir} is already running (process ${pid}); stop it first`);
    this.name = "AlreadyRunningError";
  }
}

export interface Claim {
  /** Notes a child, so that a later run can clean up after us. */
  addChild(pid: number): Promise<void>;
  release(): Promise<void>;
}

/**
 * Claims a data folder for this process. What a killed run left behind is waited for, then killed.
 * @throws AlreadyRunningError when the owner still runs.
 */
export async function claimDataDir(dataDir: string, report: (line: string) => void): Promise<Claim> {
  const file = path.join(dataDir, fileName);
  const before = await readRecord(file);
  if (before !== null) {
    if (before.owner.pid !== process.pid && (await stillRuns(before.owner))) {
      throw new AlreadyRunningError(dataDir, before.owner.pid);
    }
    await clearLeftovers(before.children, report);
  }
  const owner = (await identifyProcess(process.pid)) ?? { pid: process.pid, startedAt: null };
  const children: ProcessIdentity[] = [];
  const save = (): Promise<void> => writeFile(file, JSON.stringify({ owner, children }), { mode: 0o600 });
  await save();
  return {
    addChild: async (pid) => {
      const identity = await identifyProcess(pid);
      if (identity !== null) children.push(identity);
      await save();
    },
    release: () => rm(file, { force: true }),
  };
}

async function clearLeftovers(
  children: readonly ProcessIdentity[],
  report: (line: string) => void,
): Promise<void> {
  const deadline = performance.now() + leftoverGraceMs;
  let left = await keepRunning(children);
  if (left.length > 0) {
    report(`waiting for processes that a killed run left: ${left.map(({ pid }) => pid).join(", ")}`);
  }
  while (left.length > 0) {
    if (performance.now() > deadline) {
      report(`killing them: ${left.map(({ pid }) => pid).join(", ")}`);
      for (const { pid } of left) process.kill(pid, "SIGKILL");
    }
    await delay(pollMs);
    left = await keepRunning(left);
  }
}

async function keepRunning(processes: readonly ProcessIdentity[]): Promise<readonly ProcessIdentity[]> {
  const running = await Promise.all(processes.map(stillRuns));
  return processes.filter((_, index) => running[index]);
}

async function readRecord(file: string): Promise<RunRecord | null> {
  const text = await readFile(file, "utf8").catch(() => "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Absent, or torn by a crash: then nothing can be known of the run before.
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const owner = "owner" in value ? value.owner : null;
  const children = "children" in value && Array.isArray(value.children) ? value.children : [];
  return isIdentity(owner) ? { owner, children: children.filter(isIdentity) } : null;
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === "object" &&
    value !== null &&
    "pid" in value &&
    typeof value.pid === "number" &&
    Number.isInteger(value.pid) &&
    value.pid > 0 &&
    "startedAt" in value &&
    (value.startedAt === null || typeof value.startedAt === "string")
  );
}
