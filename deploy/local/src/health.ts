import { setTimeout as delay } from "node:timers/promises";
import { describeExit } from "./child-process.ts";
import type { Child } from "./child-process.ts";

const pollMs = 50;
const answerTimeoutMs = 2000;

/** A child that ended when it should not have. */
export class ChildFailedError extends Error {
  constructor(child: Child, how: string, lastWords: readonly string[]) {
    const words = lastWords.length === 0 ? ["(it said nothing)"] : lastWords;
    super(
      `${child.name} ${how}. Its last lines, from ${child.logFile}:\n${words.map((line) => `    ${line}`).join("\n")}`,
    );
    this.name = "ChildFailedError";
  }
}

/** Rejects with its last words when the child ends. Never resolves. */
export async function failWhenItEnds(child: Child): Promise<never> {
  const exit = await child.exited;
  throw new ChildFailedError(child, `ended with ${describeExit(exit)}`, await child.lastWords);
}

/**
 * Waits until the URL answers with 2xx.
 * @throws ChildFailedError when the child ends before that, or is not healthy in time.
 * @throws the signal's reason when it is aborted.
 */
export async function waitUntilHealthy(
  child: Child,
  url: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const ended = failWhenItEnds(child);
  // Whoever loses the race below is nobody's to handle.
  ended.catch(() => undefined);
  let answer = "no answer";
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    answer = await Promise.race([probe(url), ended]);
    if (answer === "healthy") return;
    await Promise.race([delay(pollMs), ended]);
  }
  const exit = child.stop(0);
  await exit;
  throw new ChildFailedError(
    child,
    `was not healthy after ${timeoutMs / 1000} s (${url}: ${answer})`,
    await child.lastWords,
  );
}

async function probe(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) });
    await response.body?.cancel();
    return response.ok ? "healthy" : `status ${response.status}`;
  } catch {
    return "no answer";
  }
}
