import { parentPort, workerData } from "node:worker_threads";
import type { Server } from "node:http";
import { boundPort } from "../net/bound-port.ts";
import { loadHashes } from "../hashes.ts";
import { SlabSlice } from "../telemetry/slab.ts";
import { activateConfig } from "./active-config.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import { createProxyServer } from "./server.ts";
import { WorkerContext } from "./worker-context.ts";

/** Entry of a data-plane worker: one listener, its own upstream connections, an immutable snapshot at a time. */
async function runWorker(start: WorkerStart, port: NonNullable<typeof parentPort>): Promise<void> {
  const slab = new SlabSlice(start.slab, start.worker);
  slab.clearGauges();
  const post = (message: FromWorker): void => port.postMessage(message);
  const context = new WorkerContext(
    start.worker,
    slab,
    await loadHashes(),
    activateConfig(start.activation, null),
    post,
  );
  const server = createProxyServer(context);
  port.on("message", (message: ToWorker) => onMessage(message, context, server, port, post));
  server.on("error", (error) => {
    throw error;
  });
  server.listen({ host: start.host, port: start.port, reusePort: start.reusePort, backlog: 1024 }, () => {
    slab.set("generation", start.activation.snapshot.generation);
    post({ type: "listening", port: boundPort(server) });
    post({ type: "running", generation: start.activation.snapshot.generation });
  });
}

function onMessage(
  message: ToWorker,
  context: WorkerContext,
  server: Server,
  port: NonNullable<typeof parentPort>,
  post: (message: FromWorker) => void,
): void {
  switch (message.type) {
    case "activate": {
      const { snapshot } = message.activation;
      const newRelease = snapshot.releaseId !== context.config.snapshot.releaseId;
      context.config = activateConfig(message.activation, context.config);
      if (newRelease) context.slab.forgetIdentities();
      context.slab.set("generation", snapshot.generation);
      post({ type: "running", generation: snapshot.generation });
      break;
    }
    case "health":
      context.healthy.v1 = message.healthy.v1;
      context.healthy.v2 = message.healthy.v2;
      break;
    case "quarantine":
      for (const identity of message.identities) context.quarantined.set(identity, message.untilMs);
      break;
    case "log-written":
      context.accessLog.acknowledge(message.characters);
      break;
    case "drain":
      drain(context, server, message.timeoutMs, (cut) => {
        context.accessLog.close();
        post({ type: "drained", cut });
        port.close();
      });
      break;
  }
}

/** How often a draining worker looks whether its idle connections can go. */
const DRAIN_CHECK_MS = 50;

/**
 * Stops accepting, lets requests in flight finish, tells keep-alive clients to close, and cuts what is left at the
 * deadline.
 */
function drain(context: WorkerContext, server: Server, timeoutMs: number, done: (cut: number) => void): void {
  context.draining = true;
  let cut = 0;
  const sweep = setInterval(() => server.closeIdleConnections(), DRAIN_CHECK_MS);
  const deadline = setTimeout(() => {
    server.getConnections((_error, count) => {
      cut = count;
      server.closeAllConnections();
    });
  }, timeoutMs);
  server.close(() => {
    clearInterval(sweep);
    clearTimeout(deadline);
    done(cut);
  });
}

if (parentPort === null) throw new Error("worker.ts runs as a worker thread, started by the control plane");
const start: WorkerStart = workerData;
await runWorker(start, parentPort);
