import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { resolveConfigPath } from "../config/load.ts";
import type { Command } from "./command.ts";

/**
 * Where compiled code is kept from one start to the next: with the program, where nobody writes who could not change
 * the program itself. Node's own default is the system's folder for temporary files.
 */
const COMPILE_CACHE = fileURLToPath(new URL("../../.data/compile-cache", import.meta.url));

/** `serin start`: runs the proxy until it is told to stop. Prints every problem of a bad config and exits 64. */
export const start: Command = {
  name: "start",
  args: [],
  options: ["config"],
  summary: "run the proxy",
  run: async ({ options, env }) => {
    // Saves the threads the compiler of TypeScript (docs/performance.md). Where it cannot be written, it is done without.
    enableCompileCache(env["NODE_COMPILE_CACHE"] ?? COMPILE_CACHE);
    // Loaded only here: the other commands need neither the data plane nor its dependencies.
    const { runSerin } = await import("../main.ts");
    return runSerin({ configPath: resolveConfigPath(options.config, env), env });
  },
};
