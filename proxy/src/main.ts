import { availableParallelism } from "node:os";
import { pino } from "pino";
import type { Logger } from "pino";
import { createEndpoints } from "./admin/endpoints.ts";
import { createPreviewEndpoint } from "./admin/preview-endpoint.ts";
import { createReadinessEndpoint } from "./admin/readiness-endpoint.ts";
import { createReleaseEndpoints } from "./admin/release-endpoints.ts";
import { createAdminServer } from "./admin/server.ts";
import type { Config } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import type { Environment } from "./config/load.ts";
import { describeProblem } from "./config/problem.ts";
import { Reloader } from "./config/reloader.ts";
import type { ReloadReason, ReloadResult } from "./config/reloader.ts";
import type { Snapshot } from "./config/snapshot.ts";
import { watchConfig } from "./config/watch.ts";
import { describeRelease, describeStatus, effectiveWeightPpm } from "./control/describe-status.ts";
import { readCertificate, watchCertificate } from "./control/certificate.ts";
import { LogDestination } from "./control/log-destination.ts";
import { previewConfig } from "./control/preview-config.ts";
import { ReleaseControl } from "./control/release-control.ts";
import { reportReload, reportShadowed } from "./control/report-reload.ts";
import { RouteSlots } from "./control/route-slots.ts";
import { SeenQuery } from "./control/seen-query.ts";
import { waitForStop } from "./control/stop-signals.ts";
import { WorkerPool } from "./control/worker-pool.ts";
import type { Activation, FromWorker, ListenerTls } from "./data/messages.ts";
import { loadHashes } from "./hashes.ts";
import { boundPort } from "./net/bound-port.ts";
import { listDeprecatedRoutes } from "./readiness/deprecated-routes.ts";
import { UsageRecorder } from "./readiness/usage-recorder.ts";
import { explainIdentity } from "./split/explain.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { requestsByRoute } from "./telemetry/route-counters.ts";
import { estimateIdentities } from "./telemetry/sketch.ts";
import { SlabReader, createSlab } from "./telemetry/slab.ts";
import { readTraffic, slowThresholdMs } from "./telemetry/traffic-counters.ts";
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
 * @returns the exit code: 0 after a drain, 1 when a port or the release log could not be had, 64 when the config is wrong
 */
export async function runSerin(options: {
  readonly configPath: string | null;
  readonly env: Environment;
}): Promise<number> {
  const { configPath, env } = options;
  const loaded = await loadConfig({ path: configPath, env });
  if (!loaded.ok) {
    for (const problem of loaded.problems) process.stderr.write(`${describeProblem(problem, configPath)}\n`);
    return EXIT_BAD_CONFIG;
  }
  const { config } = loaded;
  const log = new LogDestination(STANDARD_OUTPUT);
  const logger = createLogger(log, config);
  const tls = await openCertificate(config.listen.tls, logger);
  if (tls === "unusable") {
    log.flush();
    return EXIT_CANNOT_START;
  }
  const { hash32 } = await loadHashes();

  const routeSlots = new RouteSlots();
  const workerCount = countWorkers(config);
  const slab = createSlab(workerCount);
  const reader = new SlabReader(slab);
  const drawnSlots = (): number[] => slotsDrawnByHash(reloader.snapshot, routeSlots);

  const opened = await ReleaseControl.open(config, {
    logger,
    republish: () => reloader.republish(),
    send: (message) => pool.send(message),
    traffic: (maxP99Ms) => readTraffic(reader, drawnSlots(), maxP99Ms),
    measuredSlowMs: () => slowThresholdMs(reader, drawnSlots()),
    canaryIdentities: () => estimateIdentities(reader.sketches("v2")),
    healthy: () => health.healthy,
  });
  if (!opened.ok) {
    logger.fatal(`cannot start: ${opened.problem}`);
    log.flush();
    return EXIT_CANNOT_START;
  }
  const { release } = opened;
  const usage = await UsageRecorder.open(`${config.release.logPath}.usage.json`, {
    logger,
    requestsByRoute: () => requestsByRoute(reader, routeSlots.names),
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
      slab,
      host: config.listen.host,
      port: config.listen.port,
      tls,
      proxyProtocol: config.listen.proxyProtocol,
      memoryMb: config.workerMemoryMb,
      logger,
      onMessage: (message, worker) => {
        if (message.type === "log") {
          log.write(message.lines);
          pool.sendTo(worker, { type: "log-written", bytes: message.lines.length });
        } else {
          onWorkerMessage(message, worker, { logger, health, release, seen });
        }
      },
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

  let draining = false;
  const reload = async (reason: ReloadReason): Promise<ReloadResult> => {
    const result = await reloader.reload(reason);
    reportReload(logger, reloader, reason, result);
    return result;
  };
  const startedAt = new Date().toISOString();
  const metrics = createMetrics({
    slab: reader,
    routeNames: () => routeSlots.names,
    weightPpm: () => effectiveWeightPpm(reloader.snapshot),
    healthy: () => health.healthy,
    generations: () => pool.status().map((worker) => worker.generation),
    workerRestarts: () => pool.status().reduce((sum, worker) => sum + worker.restarts, 0),
    reloadSuccessful: () => reloader.status().lastReload.ok,
    reloads: () => reloader.status().counts,
    logLinesDropped: () => log.dropped,
    releaseInfo: () => {
      const { state, assessment } = release.status();
      return { release: state.releaseId, verdict: assessment.verdict, step: state.step };
    },
    evidenceLog10: () => release.status().assessment.log10ByMetric,
    harmedIdentities: () => release.status().assessment.harmedIdentities,
  });
  const endpoints = [
    ...createEndpoints({
      whyNotReady: () => whyNotReady(draining, pool),
      metrics,
      status: () => ({ startedAt, draining, ...describeStatus(reloader, pool, health, release.status()) }),
      explain: (identity) => explainIdentity(reloader.snapshot.split, hash32, identity),
      reload: () => reload("admin"),
      configPath,
    }),
    ...createReleaseEndpoints({
      history: (limit) => release.history(limit),
      command: (command) => release.command(command),
      describe: () => describeRelease(release.status()),
    }),
    createPreviewEndpoint((text) =>
      previewConfig(
        {
          env,
          config: () => reloader.config,
          split: () => reloader.snapshot.split,
          release: () => release.status().state,
          seen: (oldSalt, newSalt) => seen.ask(oldSalt, newSalt),
        },
        text,
      ),
    ),
    createReadinessEndpoint(() => usage.readiness()),
  ];
  const admin = createAdminServer(
    endpoints,
    () => reloader.config.admin.token,
    (error) => logger.error({ err: error }, "admin request failed"),
  );

  const stop = waitForStop();
  try {
    const port = await pool.start();
    await listen(admin, config.admin.host, config.admin.port);
    health.start();
    release.start();
    usage.start();
    logger.info({ port, adminPort: boundPort(admin), workers: workerCount, config: configPath }, "serving");
    reportShadowed(logger, reloader);
  } catch (error) {
    logger.fatal({ err: error }, "cannot start");
    health.stop();
    // Workers that listen already would carry traffic for a process that nobody can ask or stop.
    await pool.drain({ delayMs: 0, timeoutMs: 0 });
    await release.stop();
    log.flush();
    return EXIT_CANNOT_START;
  }
  process.on("SIGHUP", () => void reload("signal"));
  if (tls !== null) {
    watchCertificate({
      config: config.listen.tls,
      initial: tls,
      onRenewed: (renewed) => {
        pool.renewCertificate(renewed);
        logger.info("certificate renewed");
      },
      onProblem: (error) =>
        logger.error({ err: error }, "certificate cannot be used, the last good one stays in force"),
    });
  }
  const watching = new AbortController();
  if (configPath !== null) {
    const watch = watchConfig({
      path: configPath,
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
  await release.stop();
  await usage.stop();
  admin.close();
  admin.closeAllConnections();
  logger.info({ cut }, "stopped");
  log.flush();
  return EXIT_OK;
}

/** Reads the listener's certificate; says why when it cannot be used. */
async function openCertificate(
  config: Config["listen"]["tls"],
  logger: Logger,
): Promise<ListenerTls | null | "unusable"> {
  try {
    return await readCertificate(config);
  } catch (error) {
    logger.fatal({ err: error }, "cannot start: the certificate cannot be used");
    return "unusable";
  }
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

/** Slots of the routes whose requests the hash places: all but the pinned ones. */
function slotsDrawnByHash(snapshot: Snapshot, routeSlots: RouteSlots): number[] {
  const names = snapshot.routes.filter((route) => route.pin === null).map((route) => route.name);
  return [0, ...routeSlots.slotsOf(names)];
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
  control: {
    readonly logger: Logger;
    readonly health: HealthMonitor;
    readonly release: ReleaseControl;
    readonly seen: SeenQuery;
  },
): void {
  const { logger, health, release, seen } = control;
  switch (message.type) {
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

function whyNotReady(draining: boolean, pool: WorkerPool): string | null {
  if (draining) return "draining";
  return pool.status().some((worker) => worker.state === "running") ? null : "no worker is running";
}
