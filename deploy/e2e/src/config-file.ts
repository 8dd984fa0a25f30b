import { readFile, rename, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { readStatus } from "./status.ts";
import type { Target } from "./target.ts";

const pollMs = 20;
const giveUpMs = 5000;

/** Replaces the file as editors and deployments do: written beside it, then renamed over it. */
export async function replaceConfig(target: Pick<Target, "configFile">, text: string): Promise<void> {
  const beside = `${target.configFile}.e2e`;
  await writeFile(beside, text);
  await rename(beside, target.configFile);
}

/** The file's text with another percentage, all else as it was. */
export function withPercentage(text: string, percentage: number): string {
  const changed = text.replace(/^(\s*percentage:[ \t]*)[\d.]+/m, `$1${percentage}`);
  if (!/^\s*percentage:/m.test(text)) throw new Error("the config file sets no percentage");
  return changed;
}

/** Edits the percentage in the file and waits until every worker runs it. Returns how long that took. */
export async function editPercentage(
  target: Pick<Target, "configFile" | "adminUrl">,
  percentage: number,
): Promise<number> {
  const text = await readFile(target.configFile, "utf8");
  const startedAt = performance.now();
  await replaceConfig(target, withPercentage(text, percentage));
  await waitForWeight(target, percentage);
  return performance.now() - startedAt;
}

/** Waits until this percentage is in force and every worker runs it. */
export async function waitForWeight(target: Pick<Target, "adminUrl">, percentage: number): Promise<void> {
  const deadline = performance.now() + giveUpMs;
  let seen = "";
  while (performance.now() < deadline) {
    const status = await readStatus(target);
    const behind = status.workers.filter(({ generation }) => generation !== status.generation);
    if (status.percentage === percentage && status.workers.length > 0 && behind.length === 0) return;
    seen = JSON.stringify(status);
    await delay(pollMs);
  }
  throw new Error(`${percentage} % was not in force after ${giveUpMs} ms: ${seen}`);
}
