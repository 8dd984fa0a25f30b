import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** What the log needs of a file; `FileHandle` has it. */
export interface LogFile {
  readonly write: (
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ readonly bytesWritten: number }>;
  readonly truncate: (length: number) => Promise<void>;
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Writes all bytes at this place; a disk may take them in parts. */
export async function writeFully(file: LogFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** For reading and writing, created when missing, never truncated; for the owner alone. */
export async function openForWriting(path: string): Promise<LogFile> {
  try {
    return await open(path, "r+", 0o600);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return open(path, "wx+", 0o600);
  }
}

/** The bytes of a file; none when it does not exist. */
export async function readExisting(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return new Uint8Array(0);
    throw error;
  }
}

/** A new or renamed file is only as durable as its folder. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
