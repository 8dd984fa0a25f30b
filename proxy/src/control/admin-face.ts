import type { Server } from "node:http";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { createEndpoints } from "../admin/endpoints.ts";
import { createPreviewEndpoint } from "../admin/preview-endpoint.ts";
import { createReadinessEndpoint } from "../admin/readiness-endpoint.ts";
import { createReleaseEndpoints } from "../admin/release-endpoints.ts";
import { createAdminServer } from "../admin/server.ts";
import type { Environment } from "../config/load.ts";
import { explainIdentity } from "../split/explain.ts";
import type { Hash32 } from "../split/point.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { ControlPlane } from "./control-plane.ts";
import { describeRelease, describeStatus, effectiveWeightPpm } from "./describe-status.ts";
import type { LogDestination } from "./log-destination.ts";
import { previewConfig } from "./preview-config.ts";

export interface AdminFaceOptions {
  readonly configPath: string | null;
  readonly env: Environment;
  readonly hash32: Hash32;
  readonly log: LogDestination;
  readonly logger: Logger;
  readonly draining: () => boolean;
}

/** The admin server over a control plane: what it shows and what it takes. Not listening yet. */
export function createAdminFace(plane: ControlPlane, options: AdminFaceOptions): Server {
  const { pool, reloader, health, release, usage, seen } = plane;
  const { configPath, env, hash32, log, logger, draining } = options;
  const startedAt = new Date().toISOString();
  const endpoints = [
    ...createEndpoints({
      whyNotReady: () => whyNotReady(draining(), plane),
      metrics: createPlaneMetrics(plane, log),
      status: () => ({
        startedAt,
        draining: draining(),
        ...describeStatus(reloader, pool, health, release.status()),
      }),
      explain: (identity) => explainIdentity(reloader.snapshot.split, hash32, identity),
      reload: () => plane.reload("admin"),
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
  return createAdminServer(
    endpoints,
    () => reloader.config.admin.token,
    (error) => logger.error({ err: error }, "admin request failed"),
  );
}

function createPlaneMetrics(plane: ControlPlane, log: LogDestination): Registry {
  const { pool, reloader, health, release, slab, routeSlots } = plane;
  return createMetrics({
    slab,
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
    releaseState: () => {
      const { aborted, frozen, promoted } = release.status().state;
      if (aborted !== null) return "aborted";
      if (frozen !== null) return "frozen";
      return promoted === null ? "running" : "promoted";
    },
    evidenceLog10: () => release.status().assessment.log10ByMetric,
    harmedIdentities: () => release.status().assessment.harmedIdentities,
  });
}

function whyNotReady(draining: boolean, { pool }: ControlPlane): string | null {
  if (draining) return "draining";
  return pool.status().some((worker) => worker.state === "running") ? null : "no worker is running";
}
