import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, cp, lstat, mkdir, mkdtemp, rename, rm, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Account, Binaries } from "./postgres-binaries.ts";

const run = promisify(execFile);

/**
 * Under root PostgreSQL runs as another user, who cannot enter a folder such as /root. A clone that lies there works
 * all the same: what the server needs is put here, where everybody may pass.
 */
const commonPlace = "/var/lib/serin-local";

/** Whether the account may enter the folder and every one above it. Absent folders are left out. */
export async function canReach(folder: string, account: Account): Promise<boolean> {
  if (account.uid === undefined) return true;
  for (let current = path.resolve(folder); ; current = path.dirname(current)) {
    const found = await stat(current).catch(() => null);
    if (found !== null && !mayEnter(found, account)) return false;
    if (current === path.dirname(current)) return true;
  }
}

function mayEnter(
  found: { readonly uid: number; readonly gid: number; readonly mode: number },
  account: Account,
): boolean {
  if (found.uid === account.uid) return (found.mode & 0o100) !== 0;
  if (found.gid === account.gid) return (found.mode & 0o010) !== 0;
  return (found.mode & 0o001) !== 0;
}

/** The binaries where the account can run them: as they are, or a copy in the common place, made once. */
export async function placeBinaries(binaries: Binaries, account: Account): Promise<Binaries> {
  const native = path.resolve(binaries.postgres, "../..");
  if (await canReach(path.dirname(binaries.postgres), account)) return binaries;
  await openCommonPlace();
  const { ino, mtimeMs, size } = await stat(binaries.postgres);
  const copy = path.join(commonPlace, `binaries-${shortHash(`${native} ${ino} ${mtimeMs} ${size}`)}`);
  if ((await lstat(copy).catch(() => null)) === null) {
    const half = await mkdtemp(path.join(commonPlace, "copying-"));
    await cp(native, half, { recursive: true, verbatimSymlinks: true });
    // A clone made with a strict umask is readable by its owner alone.
    await run("chmod", ["-R", "a+rX", half]);
    // Two starting at once: whoever comes second finds the copy there and drops its own.
    await rename(half, copy).catch(() => rm(half, { recursive: true, force: true }));
  }
  const placed = (binary: string): string => path.join(copy, path.relative(native, binary));
  return { initdb: placed(binaries.initdb), postgres: placed(binaries.postgres) };
}

/**
 * The data folder where the account can use it: as it is, or a folder in the common place to which the given path
 * then is a symbolic link.
 */
export async function placeDataDir(dataDir: string, account: Account): Promise<string> {
  if (await canReach(path.dirname(dataDir), account)) return dataDir;
  await openCommonPlace();
  const placed = path.join(commonPlace, `data-${shortHash(dataDir)}`);
  const there = await lstat(dataDir).catch(() => null);
  if (there === null) {
    // Whatever an earlier folder of this path left is not this one's.
    await rm(placed, { recursive: true, force: true });
    await mkdir(placed);
    await mkdir(path.dirname(dataDir), { recursive: true });
    await symlink(placed, dataDir);
  }
  return placed;
}

async function openCommonPlace(): Promise<void> {
  await mkdir(commonPlace, { recursive: true });
  // Others pass through and see nothing else; only root writes here.
  await chmod(commonPlace, 0o711);
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
