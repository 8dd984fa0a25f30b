import { execFile } from "node:child_process";
import { readFile, readdir, readlink } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** Its command, as short as the system gives it. */
  readonly command: string;
}

/**
 * Finds who listens on a TCP port: from /proc where there is one, else by `lsof`. `null` when it cannot be known, for
 * instance because the process belongs to another user.
 */
export async function findPortHolder(port: number): Promise<PortHolder | null> {
  return (await findInProc(port)) ?? findByLsof(port);
}

async function findInProc(port: number): Promise<PortHolder | null> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "utf8").catch(() => "");
    for (const inode of readListeners(text, port)) inodes.add(inode);
  }
  if (inodes.size === 0) return null;
  const entries = await readdir("/proc").catch(() => []);
  for (const entry of entries) {
    if (/^\d+$/.test(entry) && (await holdsSocket(entry, inodes))) {
      return { pid: Number(entry), command: await readCommand(entry) };
    }
  }
  return null;
}

/** Inodes of the sockets that listen on the port. A line: `sl local_address rem_address st ... inode`, state 0A is LISTEN. */
function readListeners(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const inode = fields[9];
    return fields[1]?.endsWith(suffix) && fields[3] === "0A" && inode !== undefined ? [inode] : [];
  });
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
    if (target.startsWith("socket:[") && inodes.has(target.slice(8, -1))) return true;
  }
  return false;
}

async function readCommand(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return text.split("\0").join(" ").trim().slice(0, 120);
}

async function findByLsof(port: number): Promise<PortHolder | null> {
  const output = await run("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]).then(
    ({ stdout }) => stdout,
    () => "",
  );
  const pid = /^p(\d+)$/m.exec(output)?.[1];
  const command = /^c(.+)$/m.exec(output)?.[1];
  return pid === undefined ? null : { pid: Number(pid), command: command ?? "" };
}
