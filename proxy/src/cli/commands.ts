import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { explain } from "./explain.ts";
import { history } from "./history.ts";
import { preview } from "./preview.ts";
import { readiness } from "./readiness.ts";
import { releaseCommands } from "./release-commands.ts";
import { set } from "./set.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";

/** Every command, in the order of the help. A new one is a file beside these and a line here. */
export const commands: readonly Command[] = [
  start,
  check,
  status,
  explain,
  preview,
  set,
  ...releaseCommands,
  history,
  readiness,
];
