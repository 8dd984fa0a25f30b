import { readFileSync, readdirSync, readlinkSync } from "node:fs";

const CLOSE_WAIT = "08";

/** What a process holds at one moment. */
export interface ProcessSample {
  readonly rssMb: number;
  /** Open file descriptors, sockets among them. */
  readonly descriptors: number;
  readonly sockets: number;
  /** Sockets that the other side has closed and this one has not. */
  readonly closeWait: number;
}

/** Reads the process's accounts from the kernel (Linux, `/proc`). */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const names = readdirSync(`/proc/${pid}/fd`);
  const links = names.map((name) => linkOf(`/proc/${pid}/fd/${name}`));
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  inodes.delete(undefined);
  const tcp = readFileSync(`/proc/${pid}/net/tcp`, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => inodes.has(columns[9]));
  return {
    rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    descriptors: names.length,
    sockets: inodes.size,
    closeWait: tcp.filter((columns) => columns[3] === CLOSE_WAIT).length,
  };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since it was listed.
    return "";
  }
}
