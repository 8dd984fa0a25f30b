import type { Logger } from "pino";
import { describeProblem } from "../config/problem.ts";
import type { Reloader, ReloadReason, ReloadResult } from "../config/reloader.ts";

/** Says in the log what a reload did, or why it was rejected. */
export function reportReload(
  logger: Logger,
  reloader: Reloader,
  reason: ReloadReason,
  result: ReloadResult,
): void {
  const path = reloader.status().configPath;
  const { generation } = result;
  if (result.result === "rejected") {
    const problems = result.problems.map((problem) => describeProblem(problem, path));
    logger.error({ reason, generation, problems }, "config rejected, the last good one stays in force");
    return;
  }
  logger.info({ reason, generation, result: result.result, changes: result.changes }, "config reloaded");
  reportShadowed(logger, reloader);
}

/** A value in the file that the environment overrules is said, never silently ignored. */
export function reportShadowed(logger: Logger, reloader: Reloader): void {
  for (const { path, env, value, fileValue } of reloader.status().shadowed) {
    logger.warn(
      { path, env, value, fileValue },
      "the environment pins this value; the file's is without effect",
    );
  }
}
