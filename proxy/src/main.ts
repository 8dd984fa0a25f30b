import { pino } from "pino";
import type { Logger } from "pino";
import type { Config } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import type { Environment } from "./config/load.ts";
import { describeProblem } from "./config/problem.ts";
import { watchConfig } from "./config/watch.ts";
import { createAdminFace } from "./control/admin-face.ts";
import { readCertificate, watchCertificate } from "./control/certificate.ts";
import { buildControlPlane } from "./control/control-plane.ts";
import type { ControlPlane } from "./control/control-plane.ts";
import { LogDestination } from "./control/log-destination.ts";
import { reportShadowed } from "./control/report-reload.ts";
import { waitForStop } from "./control/stop-signals.ts";
import type { ListenerTls } from "./data/messages.ts";
import { loadHashes } from "./hashes.ts";
import { boundPort } from "./net/bound-port.ts";

/** Exit codes, after sysexits.h. */
const EXIT_OK = 0;
const EXIT_CANNOT_START = 1;
const EXIT_BAD_CONFIG = 64;

/** How often the config file is looked at where the system reports no changes. */
const CONFIG_POLL_MS = 500;

const STANDARD_OUTPUT = 1;

/**
 * Runs Serin until it is told to stop: parse, open the log, build, start the workers, serve admin, watch, drain.
 *
 * @returns the exit code: 0 after a drain, 1 when a port, a certificate or the release log could not be had, 64 when the
 *   config is wrong
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
  const built = await buildControlPlane({ loaded, configPath, env, tls, log, logger });
  if (!built.ok) {
    logger.fatal(`cannot start: ${built.problem}`);
    log.flush();
    return EXIT_CANNOT_START;
  }
  const { plane } = built;
  const { hash32 } = await loadHashes();
  let draining = false;
  const admin = createAdminFace(plane, { configPath, env, hash32, log, logger, draining: () => draining });

  const stop = waitForStop();
  try {
    const port = await plane.pool.start();
    await listen(admin, config.admin.host, config.admin.port);
    plane.health.start();
    plane.release.start();
    plane.usage.start();
    const { workerCount: workers } = plane;
    logger.info({ port, adminPort: boundPort(admin), workers, config: configPath }, "serving");
    reportShadowed(logger, plane.reloader);
  } catch (error) {
    logger.fatal({ err: error }, "cannot start");
    plane.health.stop();
    // Workers that listen already would carry traffic for a process that nobody can ask or stop.
    await plane.pool.drain({ delayMs: 0, timeoutMs: 0 });
    await plane.release.stop();
    log.flush();
    return EXIT_CANNOT_START;
  }
  process.on("SIGHUP", () => void plane.reload("signal"));
  const watching = new AbortController();
  watchFiles(plane, { tls, configPath, logger, signal: watching.signal });

  const signal = await stop;
  draining = true;
  const { drain } = plane.reloader.config;
  logger.info({ signal, ...drain }, "draining");
  watching.abort();
  plane.health.stop();
  const cut = await plane.pool.drain(drain);
  await plane.release.stop();
  await plane.usage.stop();
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

function listen(server: ReturnType<typeof createAdminFace>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

interface WatchedFiles {
  readonly tls: ListenerTls | null;
  readonly configPath: string | null;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Has the config and the certificate read again when their files change. */
function watchFiles(plane: ControlPlane, files: WatchedFiles): void {
  const { tls, configPath, logger, signal } = files;
  if (tls !== null) {
    watchCertificate({
      config: plane.reloader.config.listen.tls,
      initial: tls,
      onRenewed: (renewed) => {
        plane.pool.renewCertificate(renewed);
        logger.info("certificate renewed");
      },
      onProblem: (error) =>
        logger.error({ err: error }, "certificate cannot be used, the last good one stays in force"),
    });
  }
  if (configPath === null) return;
  const watch = watchConfig({
    path: configPath,
    pollMs: CONFIG_POLL_MS,
    usedHash: () => plane.reloader.readHash,
    onChange: async () => {
      await plane.reload("file");
    },
    signal,
  });
  watch.closed.catch((error: unknown) =>
    logger.error({ err: error }, "the config file is no longer watched"),
  );
}
