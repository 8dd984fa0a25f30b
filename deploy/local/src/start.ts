/** `npm start`: the whole of Serin on this machine, until it is told to stop. */
import path from "node:path";
import { describeReady } from "./ready-message.ts";
import { parseSettings, usage } from "./settings.ts";
import { startStack } from "./stack.ts";
import type { RunningStack } from "./stack.ts";
import { watchForStop } from "./stop-signals.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const startedAt = performance.now();

const parsed = parseSettings(process.argv.slice(2), process.env, root);
if (parsed.kind === "help") {
  say(usage);
  process.exit(0);
}
if (parsed.kind === "problems") {
  for (const problem of parsed.problems) complain(problem);
  process.exit(64);
}

// A terminal that has gone must not keep us from stopping in order.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

const aborter = new AbortController();
let stack: RunningStack | null = null;
const stopAsked = watchForStop({
  onStop: (why) => {
    say(`\n${why}: stopping`);
    aborter.abort(new Error(why));
  },
  onImpatience: () => {
    complain("asked again: killing everything without waiting");
    stack?.kill();
    process.exit(1);
  },
});

process.exitCode = await run();
process.exit();

/** @returns the exit code: 0 when it was asked to stop, 1 when something failed. */
async function run(): Promise<number> {
  if (parsed.kind !== "settings") return 64;
  const { settings } = parsed;
  try {
    stack = await startStack(settings, root, (line) => say(`  ${line}`), aborter.signal);
    say(await describeReady(stack, settings, root, (performance.now() - startedAt) / 1000));
    await Promise.race([stopAsked, stack.broken]);
    await stack.stop();
    say("Everything has stopped.");
    return 0;
  } catch (error) {
    if (aborter.signal.aborted) {
      say("Everything has stopped.");
      return 0;
    }
    complain(error instanceof Error ? error.message : String(error));
    await stack?.stop();
    return 1;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`\nError: ${line}\n`);
}
