import { resolveConfigPath } from "../config/load.ts";
import type { Command } from "./command.ts";

/** `serin start`: runs the proxy until it is told to stop. Prints every problem of a bad config and exits 64. */
export const start: Command = {
  name: "start",
  args: [],
  options: ["config"],
  summary: "run the proxy",
  run: async ({ options, env }) => {
    // Loaded only here: the other commands need neither the data plane nor its dependencies.
    // oxlint-disable-next-line no-restricted-imports -- this is the entry point: the one place that starts main
    const { runSerin } = await import("../main.ts");
    return runSerin({ configPath: resolveConfigPath(options.config, env), env });
  },
};
