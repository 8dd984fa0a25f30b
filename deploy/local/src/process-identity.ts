import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system tells it; `null` where the system does not. */
  readonly startedAt: string | null;
}

/** The identity of a running process, `null` when there is none of that number. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  return isAlive(pid) ? { pid, startedAt: await readStart(pid) } : null;
}

/** Whether exactly this process still runs. A zombie has ended. */
export async function stillRuns(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid);
  if (now === null) return false;
  return now.startedAt !== ended && (identity.startedAt === null || now.startedAt === identity.startedAt);
}

const ended = "ended";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function readStart(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  if (stat !== "") {
    // The command, in brackets, may hold anything; the fields that count follow it: state is the 3rd, start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? ended : (fields[19] ?? null);
  }
  return run("ps", ["-o", "lstart=", "-p", String(pid)]).then(
    ({ stdout }) => stdout.trim() || null,
    () => null,
  );
}
