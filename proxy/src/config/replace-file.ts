import { randomBytes } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Replaces a file's text in one step: readers see the old text or the new, also after a power cut. A symlink is followed, so that it
 * stays one; the mode is kept, the owner where the system allows it.
 *
 * @param expected The text the new one was made from. If the file holds anything else by now, nothing is
 *   written and false returned, so that no one's change is lost.
 * @throws what the file system reports: EACCES, EROFS (a mounted ConfigMap), EBUSY (a file mounted by itself), ENOSPC.
 */
export async function replaceFile(path: string, text: string, expected: string): Promise<boolean> {
  const target = await realpath(path);
  const { mode, uid, gid } = await stat(target);
  const directory = dirname(target);
  const temporary = join(directory, `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      // Only root may give files away; anyone else keeps their own.
      await file.chown(uid, gid).catch(() => undefined);
      await file.chmod(mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    if ((await readFile(target, "utf8")) !== expected) {
      return false;
    }
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(directory);
  return true;
}

/** Makes the rename itself last. Some file systems refuse to sync a directory; then it lasts when they write it. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } catch {
    // The new text is in place either way.
  } finally {
    await handle.close();
  }
}
