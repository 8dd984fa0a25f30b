import { availableParallelism } from "node:os";
import { pino } from "pino";
import type { Logger } from "pino";
import { createEndpoints } from "./admin/endpoints.ts";
import { createAdminServer } from "./admin/server.ts";
import type { Config } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import type { Environment } from "./config/load.ts";
import { describeProblem } from "./config/problem.ts";
import { Reloader } from "./config/reloader.ts";
import type { ReloadReason } from "./config/reloader.ts";
import type { Snapshot } from "./config/snapshot.ts";
import { watchConfig } from "./config/watch.ts";
import { LogDestination } from "./control/log-destination.ts";
import { RouteSlots } from "./control/route-slots.ts";
import { waitForStop } from "./control/stop-signals.ts";
import { WorkerPool } from "./control/worker-pool.ts";
import type { Activation, FromWorker } from "./data/messages.ts";
import { boundPort } from "./net/bound-port.ts";
import { explainIdentity } from "./split/explain.ts";
import { loadHashes } from "./hashes.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { SlabReader, createSlab } from "./telemetry/slab.ts";
import { HealthMonitor } from "./upstream/health.ts";

/** Exit codes, after sysexits.h. */
const EXIT_OK = 0;
const EXIT_CANNOT_START = 1;
const EXIT_BAD_CONFIG = 64;

/** How often the config file is looked at where the system reports no changes. */
const CONFIG_POLL_MS = 500;

const STANDARD_OUTPUT = 1;

/**
 * Runs Serin until it is told to stop: parse, open the log, start the workers, serve admin, watch, drain.
 *
 * @returns the exit code: 0 after a drain, 1 when a port could not be had, 64 when the config is wrong
 */
export async function runSerin(options: {
  readonly configPath: string | null;
  readonly env: Environment;
}): Promise<number> {
  const loaded = await loadConfig({ path: options.configPath, env: options.env });
  if (!loaded.ok) {
    for (const problem of loaded.problems)
      process.stderr.write(`${describeProblem(problem, options.configPath)}\n`);
    return EXIT_BAD_CONFIG;
  }
  const log = new LogDestination(STANDARD_OUTPUT);
  const logger = createLogger(log, loaded.config);
  const { hash32 } = await loadHashes();

  const routeSlots = new RouteSlots();
  const workerCount = countWorkers(loaded.config);
  const slab = createSlab(workerCount);
  const activate = (snapshot: Snapshot): Activation => ({
    snapshot,
    routeSlots: routeSlots.slotsOf(snapshot.routes.map((route) => route.name)),
  });
  const reloader = new Reloader({
    path: options.configPath,
    env: options.env,
    initial: loaded,
    isAborted: () => false,
    apply: (snapshot) => pool.activate(activate(snapshot)),
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
      slab,
      host: loaded.config.listen.host,
      port: loaded.config.listen.port,
      memoryMb: loaded.config.workerMemoryMb,
      logger,
      onMessage: (message, worker) =>
        onWorkerMessage(message, worker, { log, logger, pool: () => pool, health }),
      onReady: (send) => send({ type: "health", healthy: health.healthy }),
    },
    activate(reloader.snapshot),
  );

  let draining = false;
  const reload = async (reason: ReloadReason) => {
    const result = await reloader.reload(reason);
    reportReload(logger, reloader, reason, result);
    return result;
  };
  const startedAt = new Date().toISOString();
  const metrics = createMetrics({
    slab: new SlabReader(slab),
    routeNames: () => routeSlots.names,
    weightPpm: () => effectiveWeightPpm(reloader.snapshot),
    healthy: () => health.healthy,
    generations: () => pool.status().map((worker) => worker.generation),
    workerRestarts: () => pool.status().reduce((sum, worker) => sum + worker.restarts, 0),
    reloadSuccessful: () => reloader.status().lastReload.ok,
    reloads: () => reloader.status().counts,
    logLinesDropped: () => log.dropped,
    releaseInfo: () => ({ release: reloader.snapshot.releaseId, verdict: "inconclusive", step: 0 }),
  });
  const admin = createAdminServer(
    createEndpoints({
      whyNotReady: () => whyNotReady(draining, pool),
      metrics,
      status: () => ({ startedAt, draining, ...describeStatus(reloader, pool, health) }),
      explain: (identity) => explainIdentity(reloader.snapshot.split, hash32, identity),
      reload: () => reload("admin"),
      configPath: options.configPath,
    }),
    () => reloader.config.admin.token,
    (error) => logger.error({ err: error }, "admin request failed"),
  );

  const stop = waitForStop();
  const watching = new AbortController();
  try {
    const port = await pool.start();
    const { host, port: adminPort } = loaded.config.admin;
    await listen(admin, host, adminPort);
    health.start();
    logger.info(
      { port, adminPort: boundPort(admin), workers: workerCount, config: options.configPath },
      "serving",
    );
    reportShadowed(logger, reloader);
  } catch (error) {
    logger.fatal({ err: error }, "cannot start");
    log.flush();
    return EXIT_CANNOT_START;
  }
  process.on("SIGHUP", () => void reload("signal"));
  if (options.configPath !== null) {
    const watch = watchConfig({
      path: options.configPath,
      pollMs: CONFIG_POLL_MS,
      knownHash: loaded.contentHash,
      onChange: async () => {
        await reload("file");
      },
      signal: watching.signal,
    });
    watch.closed.catch((error: unknown) =>
      logger.error({ err: error }, "the config file is no longer watched"),
    );
  }

  const signal = await stop;
  draining = true;
  const { drain } = reloader.config;
  logger.info({ signal, ...drain }, "draining");
  watching.abort();
  health.stop();
  const cut = await pool.drain(drain);
  admin.close();
  admin.closeAllConnections();
  logger.info({ cut }, "stopped");
  log.flush();
  return EXIT_OK;
}

function createLogger(log: LogDestination, config: Config): Logger {
  const { level } = config.log;
  return pino(
    { level, formatters: { level: (label) => ({ level: label }) } },
    { write: (line) => log.write(line) },
  );
}

/** One per processor unless told otherwise; one where a port cannot be shared. */
function countWorkers(config: Config): number {
  const wanted = config.workers === "auto" ? availableParallelism() : config.workers;
  return process.platform === "linux" ? wanted : 1;
}

function listen(server: ReturnType<typeof createAdminServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function onWorkerMessage(
  message: FromWorker,
  worker: number,
  to: { log: LogDestination; logger: Logger; pool: () => WorkerPool; health: HealthMonitor },
): void {
  switch (message.type) {
    case "log":
      to.log.write(message.lines);
      to.pool().sendTo(worker, { type: "log-written", characters: message.lines.length });
      break;
    case "passive-health":
      if (message.consecutiveFailures > 0) to.health.onPassiveFailure(message.version);
      break;
    case "bug":
      to.logger.error({ worker, stack: message.text }, "bug: something happened that must not");
      break;
    default:
      break;
  }
}

/** The weight that requests really meet. */
function effectiveWeightPpm(snapshot: Snapshot): number {
  const { killSwitch, aborted, weightPpm } = snapshot.split;
  return killSwitch || aborted ? 0 : weightPpm;
}

function whyNotReady(draining: boolean, pool: WorkerPool): string | null {
  if (draining) return "draining";
  return pool.status().some((worker) => worker.state === "running") ? null : "no worker is running";
}

function describeStatus(reloader: Reloader, pool: WorkerPool, health: HealthMonitor): object {
  const status = reloader.status();
  const { split, releaseId } = reloader.snapshot;
  return {
    generation: status.generation,
    hash: status.hash,
    contentHash: status.contentHash,
    configPath: status.configPath,
    weightPpm: split.weightPpm,
    percentage: split.weightPpm / 10_000,
    effectivePercentage: effectiveWeightPpm(reloader.snapshot) / 10_000,
    killSwitch: split.killSwitch,
    aborted: split.aborted,
    release: { id: releaseId },
    healthy: health.healthy,
    workers: pool.status(),
    reload: {
      ok: status.lastReload.ok,
      result: status.lastReload.result,
      reason: status.lastReload.reason,
      at: new Date(status.lastReload.atMs).toISOString(),
      problems: status.lastReload.problems.map((problem) => describeProblem(problem, status.configPath)),
    },
    pinned: status.pinned,
    shadowed: status.shadowed,
  };
}

function reportReload(
  logger: Logger,
  reloader: Reloader,
  reason: ReloadReason,
  result: Awaited<ReturnType<Reloader["reload"]>>,
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
function reportShadowed(logger: Logger, reloader: Reloader): void {
  for (const { path, env, value, fileValue } of reloader.status().shadowed) {
    logger.warn(
      { path, env, value, fileValue },
      "the environment pins this value; the file's is without effect",
    );
  }
}
