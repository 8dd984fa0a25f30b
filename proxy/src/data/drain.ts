import { Server as NetServer } from "node:net";
import type { Server } from "node:http";
import type { WorkerContext } from "./worker-context.ts";

/** How often a draining worker looks whether its idle connections can go. */
const SWEEP_MS = 50;
/**
 * How long an idle connection is left alone after the worker stopped listening. A client that is about to use it gets
 * its answer, with `Connection: close`; closed at once, its request would meet a reset.
 */
const IDLE_GRACE_MS = 500;

export interface DrainTimes {
  /** New connections are still taken this long: whoever spreads the load has to notice first. */
  readonly delayMs: number;
  /** After that, what is left is cut at the end of it. */
  readonly timeoutMs: number;
}

/**
 * Brings a listener to its end: answers close their connections from now on; after the delay nobody is let in; requests
 * in flight finish; tunnels and streams, which would never finish, are closed over the first half of the time.
 *
 * @param done called once with the number of connections that were cut at the deadline
 */
export function drainServer(
  context: WorkerContext,
  server: Server,
  times: DrainTimes,
  done: (cut: number) => void,
): void {
  context.draining = true;
  const { longLived } = context;
  setTimeout(() => {
    let cut = 0;
    let sweep: NodeJS.Timeout | null = null;
    // After a poll for input, so that a request that has arrived counts as one.
    const sweepIdle = (): NodeJS.Immediate => setImmediate(() => server.closeIdleConnections());
    const grace = setTimeout(() => {
      sweep = setInterval(sweepIdle, SWEEP_MS);
    }, IDLE_GRACE_MS);
    const deadline = setTimeout(() => {
      server.getConnections((_error, count) => {
        cut = count;
        longLived.cutAll();
        server.closeAllConnections();
      });
    }, times.timeoutMs);
    longLived.closeSpread(
      0,
      times.timeoutMs / 2,
      () => true,
      () => true,
    );
    // Not the HTTP server's own `close`: that closes idle connections on the spot.
    NetServer.prototype.close.call(server, () => {
      clearTimeout(grace);
      clearTimeout(deadline);
      if (sweep !== null) clearInterval(sweep);
      done(cut);
    });
  }, times.delayMs);
}
