/**
 * Preloaded (`node --import`) into each service of the local stack. The stack holds the other end of standard input
 * and never writes to it; when that end closes, however the stack died, the service stops as on SIGTERM.
 * The services themselves know nothing of it.
 */
import { isMainThread } from "node:worker_threads";

/** After this long a service that does not stop by itself is ended. */
const graceMs = 15_000;

if (isMainThread) {
  const stop = (): void => {
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.exit(1), graceMs).unref();
  };
  process.stdin.once("close", stop);
  process.stdin.on("error", () => undefined);
  process.stdin.resume();
  process.stdin.unref();
}
