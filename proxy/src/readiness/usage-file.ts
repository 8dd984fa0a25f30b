import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { NO_USAGE, formatUsage, parseUsage } from "./route-usage.ts";
import type { RouteUsage } from "./route-usage.ts";

/** Well above what 35 days of 256 routes come to; anything longer is not ours. */
const MAX_FILE_BYTES = 4_194_304;

/** What was counted before this process; `warning` says why it is nothing, unless there simply was no file. */
export async function readUsageFile(
  path: string,
): Promise<{ readonly usage: RouteUsage; readonly warning: string | null }> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) return setAside(path, `it is ${size} bytes long`);
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return { usage: NO_USAGE, warning: null };
    return { usage: NO_USAGE, warning: `cannot read ${path} (${code}): usage is counted from nothing` };
  }
  const parsed = parseUsage(parseJson(text));
  return parsed.ok ? { usage: parsed.usage, warning: null } : setAside(path, parsed.problem);
}

/** Replaces the file in one step: a crash leaves the old counts or the new. Throws what the file system reports. */
export async function writeUsageFile(path: string, usage: RouteUsage): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(formatUsage(usage));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  const folder = await open(dirname(path), "r");
  // Some file systems cannot sync a folder; the new counts are in place either way.
  await folder.sync().catch(() => undefined);
  await folder.close();
}

/** A file that cannot be used is kept for whoever wants to look at it. */
async function setAside(path: string, why: string): Promise<{ usage: RouteUsage; warning: string }> {
  const kept = await rename(path, `${path}.bad`).then(
    () => `, kept as ${path}.bad`,
    () => "",
  );
  return {
    usage: NO_USAGE,
    warning: `${path} cannot be used (${why}): usage is counted from nothing${kept}`,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
