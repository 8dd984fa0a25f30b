import { parentPort, workerData } from "node:worker_threads";
import type { Server } from "node:http";
import { Server as TlsServer } from "node:tls";
import type { Snapshot } from "../config/snapshot.ts";
import { boundPort } from "../net/bound-port.ts";
import { loadHashes } from "../hashes.ts";
import { SlabSlice } from "../telemetry/slab.ts";
import { activateConfig } from "./active-config.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import { drainServer } from "./drain.ts";
import { createProxyServer } from "./server.ts";
import { WorkerContext } from "./worker-context.ts";

/** Entry of a data-plane worker: one listener, its own upstream connections, an immutable snapshot at a time. */
async function runWorker(start: WorkerStart, port: NonNullable<typeof parentPort>): Promise<void> {
  const slab = new SlabSlice(start.slab, start.worker);
  slab.clearGauges();
  const post = (message: FromWorker): void =>
    port.postMessage(message, message.type === "log" ? [message.lines.buffer] : []);
  const context = new WorkerContext(
    start.worker,
    slab,
    await loadHashes(),
    activateConfig(start.activation, null),
    post,
    start.connectionBudget,
  );
  const server = createProxyServer(context, start);
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
      const before = context.config;
      context.config = activateConfig(message.activation, before);
      if (isRollback(before.snapshot, snapshot)) rollBackLongLived(context);
      if (newRelease) context.slab.forgetIdentities();
      context.slab.set("generation", snapshot.generation);
      post({ type: "running", generation: snapshot.generation });
      break;
    }
    case "certificate":
      // Connections that are open keep what they have; new ones get this.
      if (server instanceof TlsServer) server.setSecureContext(message.tls);
      break;
    case "health":
      context.setHealth(message.healthy);
      break;
    case "quarantine":
      for (const identity of message.identities) context.quarantined.set(identity, message.untilMs);
      break;
    case "slow-threshold":
      context.slowThresholdMs = message.ms;
      break;
    case "seen": {
      const { question, oldSalt, newSalt } = message;
      const identities = context.seen.describe(context.hashes, oldSalt, newSalt);
      post({ type: "seen", question, identities });
      break;
    }
    case "log-written":
      context.accessLog.acknowledge(message.bytes);
      break;
    case "drain":
      drainServer(context, server, message, (cut) => {
        context.accessLog.close();
        post({ type: "drained", cut });
        port.close();
      });
      break;
  }
}

/** Whether v2 loses all its traffic with this snapshot. */
function isRollback(before: Snapshot, after: Snapshot): boolean {
  return effectiveWeightPpm(before) > 0 && effectiveWeightPpm(after) === 0;
}

function effectiveWeightPpm({ split }: Snapshot): number {
  return split.killSwitch || split.aborted ? 0 : split.weightPpm;
}

/** What `release.onRollback` asks for; a weight that comes back in the meantime spares what is still open. */
function rollBackLongLived(context: WorkerContext): void {
  const { action, drainMs, spreadMs } = context.config.snapshot.rollback;
  if (action === "keep") return;
  context.longLived.closeSpread(
    action === "drain" ? drainMs : 0,
    spreadMs,
    (exchange) => exchange.version === "v2" && !exchange.pinned,
    () => effectiveWeightPpm(context.config.snapshot) === 0,
  );
}

if (parentPort === null) throw new Error("worker.ts runs as a worker thread, started by the control plane");
const start: WorkerStart = workerData;
await runWorker(start, parentPort);
