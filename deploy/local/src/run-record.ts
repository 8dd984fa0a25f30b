import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { identifyProcess, stillRuns } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** Who runs the stack of a data folder, kept in it: so that a second start knows of the first, and of what it left. */
interface RunRecord {
  readonly owner: ProcessIdentity;
  readonly children: readonly NamedProcess[];
}

interface NamedProcess extends ProcessIdentity {
  readonly name: string;
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
  addChild(name: string, pid: number): Promise<void>;
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
  const children: NamedProcess[] = [];
  let saving = Promise.resolve();
  // One write after the other: children start side by side, and the file has to hold all of them in the end.
  const save = (): Promise<void> =>
    (saving = saving.then(() => writeFile(file, JSON.stringify({ owner, children }), { mode: 0o600 })));
  await save();
  return {
    addChild: async (name, pid) => {
      const identity = await identifyProcess(pid);
      if (identity !== null) children.push({ name, ...identity });
      await save();
    },
    release: () => rm(file, { force: true }),
  };
}

async function clearLeftovers(
  children: readonly NamedProcess[],
  report: (line: string) => void,
): Promise<void> {
  const deadline = performance.now() + leftoverGraceMs;
  let left = await keepRunning(children);
  if (left.length > 0) {
    report(`waiting for processes that a killed run left: ${describe(left)}`);
  }
  while (left.length > 0) {
    if (performance.now() > deadline) {
      report(`killing them: ${describe(left)}`);
      left.forEach(({ pid }) => killProcess(pid));
    }
    await delay(pollMs);
    left = await keepRunning(left);
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone in the meantime.
  }
}

function describe(processes: readonly NamedProcess[]): string {
  return processes.map(({ name, pid }) => `${name} (${pid})`).join(", ");
}

async function keepRunning(processes: readonly NamedProcess[]): Promise<readonly NamedProcess[]> {
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
  return isIdentity(owner) ? { owner, children: children.filter(isNamed) } : null;
}

function isNamed(value: unknown): value is NamedProcess {
  return isIdentity(value) && "name" in value && typeof value.name === "string";
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
