import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { migrateDatabase } from "../../database/src/migrate-database.ts";
import { seedDatabase } from "../../database/src/seed.ts";
import { startChild } from "../../local/src/child-process.ts";
import { waitUntilHealthy } from "../../local/src/health.ts";
import { findFreePort } from "../../local/src/ports.ts";
import { startPostgres } from "../../local/src/postgres.ts";
import type { RunningPostgres } from "../../local/src/postgres.ts";
import { startCms } from "./cms-process.ts";
import type { CmsProcess } from "./cms-process.ts";

/** Proxy, both services and database, each of which a test may stop, kill and start again. */
export interface Stage {
  readonly proxyUrl: string;
  readonly adminUrl: string;
  readonly configFile: string;
  readonly proxyLog: string;
  readonly v1: CmsProcess;
  readonly v2: CmsProcess;
  /** Cuts off every client and waits until the server has gone. */
  stopPostgres(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  startPostgres(): Promise<void>;
  /** A connection of one's own. */
  connect(): Promise<Client>;
  stop(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, "../../..");
const seedPosts = 100;
const healthyTimeoutMs = 30_000;
const proxyGraceMs = 40_000;

/**
 * Starts all of it with a migrated, seeded database of its own. No verdict takes the split back: a suite that kills a version
 * wants to go on sending users to it.
 */
export async function startStage(cmsEnv: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const cleanup = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(path.join(tmpdir(), "serin-stage-"));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const port = await findFreePort();
    const dataDir = path.join(folder, "postgres");
    // What was acknowledged has to outlive the server, so it is written durably, as with data that is kept.
    const openPostgres = (): Promise<RunningPostgres> => startPostgres({ dataDir, port, database: "cms" });
    let postgres = await openPostgres();
    cleanup.defer(() => postgres.stop());
    const databaseUrl = postgres.url;
    const connect = async (): Promise<Client> => {
      const client = new Client({ connectionString: databaseUrl });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    };
    await migrateDatabase(databaseUrl);
    const seeding = await connect();
    await seedDatabase(seeding, seedPosts);
    await seeding.end();
    const options = { databaseUrl, jwtSecret: randomBytes(32).toString("hex"), folder, env: cmsEnv };
    const v1 = await startCms("cms-v1", options);
    cleanup.defer(() => v1.stop());
    const v2 = await startCms("cms-v2", options);
    cleanup.defer(() => v2.stop());
    const proxy = await startProxy(folder, v1.url, v2.url);
    cleanup.defer(() => proxy.stop());
    return {
      ...proxy,
      v1,
      v2,
      connect,
      stopPostgres: () => postgres.stop(),
      startPostgres: async () => {
        postgres = await openPostgres();
      },
      stop: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

async function startProxy(
  folder: string,
  v1Url: string,
  v2Url: string,
): Promise<Pick<Stage, "proxyUrl" | "adminUrl" | "configFile" | "proxyLog" | "stop">> {
  const configFile = path.join(folder, "serin.yaml");
  await writeFile(
    configFile,
    'split:\n  percentage: 0\n  identity: ["header:X-User-Id"]\n  issueCookie: false\n',
  );
  const proxyLog = path.join(folder, "proxy.log");
  const listen = await findFreePort();
  const admin = await findFreePort();
  const child = await startChild({
    name: "proxy",
    args: [path.join(root, "proxy/src/cli/serin.ts"), "start", "--config", configFile],
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      SERIN_LISTEN_PORT: String(listen),
      SERIN_ADMIN_PORT: String(admin),
      SERIN_UPSTREAMS_V1_URL: v1Url,
      SERIN_UPSTREAMS_V2_URL: v2Url,
      SERIN_RELEASE_LOG_PATH: path.join(folder, "release.jsonl"),
      SERIN_LOG_ACCESS: "true",
      SERIN_RELEASE_ROLLBACK: "off",
      SERIN_UPSTREAMS_V1_HEALTH_INTERVAL_MS: "200",
      SERIN_UPSTREAMS_V2_HEALTH_INTERVAL_MS: "200",
    },
    logFile: proxyLog,
  });
  const adminUrl = `http://127.0.0.1:${admin}`;
  await waitUntilHealthy(child, `${adminUrl}/readyz`, healthyTimeoutMs, new AbortController().signal);
  return {
    proxyUrl: `http://127.0.0.1:${listen}`,
    adminUrl,
    configFile,
    proxyLog,
    stop: async () => {
      await child.stop(proxyGraceMs);
    },
  };
}
