import { type FileHandle, copyFile, open, rename } from "node:fs/promises";

const defaultLimitBytes = 16 * 1024 * 1024;
const checkIntervalMs = 2000;
const tailBytes = 16 * 1024;

export interface LogFile {
  /** For the child's standard output and error: it writes without us, so it loses nothing when we die. */
  readonly descriptor: number;
  /** The last lines written, oldest first, without empty ones. */
  lastLines(count: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * Opens a log that a child appends to and that stays bounded: past the limit its content moves to `PATH.1` and it starts
 * again from nothing. The log of the run before is in `PATH.1` too.
 */
export async function openLogFile(
  path: string,
  limitBytes = defaultLimitBytes,
  intervalMs = checkIntervalMs,
): Promise<LogFile> {
  await rename(path, `${path}.1`).catch(() => undefined);
  // `a+`: every write goes to the end of the file, also after it was cut.
  const handle = await open(path, "a+", 0o600);
  let checking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    checking = checking.then(() => cutWhenFull(handle, path, limitBytes)).catch(() => undefined);
  }, intervalMs);
  timer.unref();
  return {
    descriptor: handle.fd,
    lastLines: (count) => readLastLines(handle, count),
    close: async () => {
      clearInterval(timer);
      await checking;
      await handle.close();
    },
  };
}

async function cutWhenFull(handle: FileHandle, path: string, limitBytes: number): Promise<void> {
  const { size } = await handle.stat();
  if (size <= limitBytes) return;
  await copyFile(path, `${path}.1`);
  await handle.truncate(0);
}

async function readLastLines(handle: FileHandle, count: number): Promise<readonly string[]> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - tailBytes);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
  return buffer
    .toString("utf8", 0, bytesRead)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-count);
}
