import { availableParallelism } from "node:os";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { Environment, LoadedConfig } from "../config/load.ts";
import { Reloader } from "../config/reloader.ts";
import type { ReloadReason, ReloadResult } from "../config/reloader.ts";
import type { Snapshot } from "../config/snapshot.ts";
import type { Activation, FromWorker, ListenerTls } from "../data/messages.ts";
import { listDeprecatedRoutes } from "../readiness/deprecated-routes.ts";
import { UsageRecorder } from "../readiness/usage-recorder.ts";
import { requestsByRoute } from "../telemetry/route-counters.ts";
import { estimateIdentities } from "../telemetry/sketch.ts";
import { SlabReader, createSlab } from "../telemetry/slab.ts";
import { readTraffic, slowThresholdMs } from "../telemetry/traffic-counters.ts";
import { HealthMonitor } from "../upstream/health.ts";
import type { LogDestination } from "./log-destination.ts";
import { ReleaseControl } from "./release-control.ts";
import { reportReload } from "./report-reload.ts";
import { RouteSlots } from "./route-slots.ts";
import { SeenQuery } from "./seen-query.ts";
import { WorkerPool } from "./worker-pool.ts";

/** The parts of the control plane, built and tied together; nothing is started yet. */
export interface ControlPlane {
  readonly pool: WorkerPool;
  readonly reloader: Reloader;
  readonly health: HealthMonitor;
  readonly release: ReleaseControl;
  readonly usage: UsageRecorder;
  readonly seen: SeenQuery;
  readonly slab: SlabReader;
  readonly routeSlots: RouteSlots;
  readonly workerCount: number;
  /** Reads config file and environment again, and says in the log what came of it. */
  readonly reload: (reason: ReloadReason) => Promise<ReloadResult>;
}

export interface ControlPlaneOptions {
  readonly loaded: LoadedConfig;
  readonly configPath: string | null;
  readonly env: Environment;
  readonly tls: ListenerTls | null;
  readonly log: LogDestination;
  readonly logger: Logger;
}

/** @returns the problem, in words, when there is no writing the release log */
export async function buildControlPlane(
  options: ControlPlaneOptions,
): Promise<
  { readonly ok: true; readonly plane: ControlPlane } | { readonly ok: false; readonly problem: string }
> {
  const { loaded, configPath, env, tls, log, logger } = options;
  const { config } = loaded;
  const routeSlots = new RouteSlots();
  const workerCount = countWorkers(config);
  const memory = createSlab(workerCount);
  const slab = new SlabReader(memory);
  const drawnSlots = (): number[] => slotsDrawnByHash(reloader.snapshot, routeSlots);

  const opened = await ReleaseControl.open(config, {
    logger,
    republish: () => reloader.republish(),
    send: (message) => pool.send(message),
    traffic: (maxP99Ms) => readTraffic(slab, drawnSlots(), maxP99Ms),
    measuredSlowMs: () => slowThresholdMs(slab, drawnSlots()),
    canaryIdentities: () => estimateIdentities(slab.sketches("v2")),
    healthy: () => health.healthy,
  });
  if (!opened.ok) return opened;
  const { release } = opened;
  const usage = await UsageRecorder.open(`${config.release.logPath}.usage.json`, {
    logger,
    requestsByRoute: () => requestsByRoute(slab, routeSlots.names),
    deprecatedRoutes: () => listDeprecatedRoutes(reloader.config),
  });

  const activation = (snapshot: Snapshot): Activation => ({
    snapshot,
    routeSlots: routeSlots.slotsOf(snapshot.routes.map((route) => route.name)),
  });
  const reloader = new Reloader({
    path: configPath,
    env,
    initial: loaded,
    splitInForce: () => release.splitInForce,
    decide: (next) => release.decide(next),
    apply: async (snapshot, next) => {
      logger.level = next.log.level;
      await pool.activate(activation(snapshot));
    },
    now: Date.now,
  });
  const health = new HealthMonitor({
    settings: () => reloader.snapshot.upstreams,
    onChange: (healthy, version, why) => {
      logger.warn({ version, healthy: healthy[version], why }, "upstream health changed");
      pool.send({ type: "health", healthy });
    },
    random: Math.random,
  });
  const pool = new WorkerPool(
    {
      count: workerCount,
      slab: memory,
      host: config.listen.host,
      port: config.listen.port,
      tls,
      proxyProtocol: config.listen.proxyProtocol,
      memoryMb: config.workerMemoryMb,
      logger,
      onMessage: (message, worker) => onWorkerMessage(message, worker),
      onReady: (send) => {
        send({ type: "health", healthy: health.healthy });
        release.greet(send);
      },
    },
    activation(reloader.snapshot),
  );
  const seen = new SeenQuery({
    send: (message) => pool.send(message),
    running: () => pool.status().filter(({ state }) => state === "running").length,
  });

  function onWorkerMessage(message: FromWorker, worker: number): void {
    switch (message.type) {
      case "log":
        log.write(message.lines);
        pool.sendTo(worker, { type: "log-written", bytes: message.lines.length });
        break;
      case "passive-health":
        if (message.consecutiveFailures > 0) health.onPassiveFailure(message.version);
        break;
      case "seen":
        seen.onAnswer(message.question, message.identities);
        break;
      case "bug":
        logger.error({ worker, stack: message.text }, "bug: something happened that must not");
        break;
      default:
        release.onMessage(message);
    }
  }

  const reload = async (reason: ReloadReason): Promise<ReloadResult> => {
    const result = await reloader.reload(reason);
    reportReload(logger, reloader, reason, result);
    return result;
  };
  const plane = { pool, reloader, health, release, usage, seen, slab, routeSlots, workerCount, reload };
  return { ok: true, plane };
}

/** One per processor unless told otherwise; one where a port cannot be shared. */
function countWorkers(config: Config): number {
  const wanted = config.workers === "auto" ? availableParallelism() : config.workers;
  return process.platform === "linux" ? wanted : 1;
}

/** Slots of the routes whose requests the hash places: all but the pinned ones. */
function slotsDrawnByHash(snapshot: Snapshot, routeSlots: RouteSlots): number[] {
  const names = snapshot.routes.filter((route) => route.pin === null).map((route) => route.name);
  return [0, ...routeSlots.slotsOf(names)];
}
