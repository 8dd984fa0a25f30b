import path from "node:path";
import { startChild } from "./child-process.ts";
import type { Child } from "./child-process.ts";
import { createConfigFile, createDataFolder, layOutDataFolder, readOrCreateSecret } from "./data-folder.ts";
import { hasNoPosts, runMigrate, withoutPassword } from "./database.ts";
import { failWhenItEnds, waitUntilHealthy } from "./health.ts";
import { findPortProblems } from "./ports.ts";
import { startPostgres } from "./postgres.ts";
import { claimDataDir } from "./run-record.ts";
import type { Claim } from "./run-record.ts";
import type { PortSetting, StackSettings } from "./settings.ts";

/** What a stack tells while it starts and stops, a line at a time. */
export type Report = (line: string) => void;

export interface RunningStack {
  readonly proxyUrl: string;
  readonly adminUrl: string;
  readonly v1Url: string;
  readonly v2Url: string;
  readonly databaseUrl: string;
  readonly configFile: string;
  readonly logs: string;
  /** Rejects when a part ends by itself, saying which and with its last lines. Never resolves. */
  readonly broken: Promise<never>;
  /** Stops in order: the proxy drains, then the services, then the database. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills every process at once, for whoever cannot wait for `stop`. */
  kill(): void;
}

/** Thrown before anything is started; every problem at once. */
export class PortsTakenError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "PortsTakenError";
  }
}

const seedPosts = 200;
const healthyTimeoutMs = 30_000;
/** Above the proxy's own drain timeout, 30 s by default. */
const proxyGraceMs = 40_000;
const serviceGraceMs = 15_000;

/** The parts of a stack that run so far, in the order of their start. */
interface Parts {
  readonly children: Child[];
  readonly root: string;
  readonly settings: StackSettings;
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly claim: Claim;
  readonly logs: string;
}

/**
 * Starts the whole stack and waits until all of it is healthy. When it fails, or `signal` is aborted, what has been
 * started is stopped again before the error is thrown.
 * @param root absolute folder of the repository.
 */
export async function startStack(
  settings: StackSettings,
  root: string,
  report: Report,
  signal: AbortSignal,
): Promise<RunningStack> {
  const children: Child[] = [];
  const cleanup = new AsyncDisposableStack();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= cleanup.disposeAsync());
  const kill = (): void => {
    for (const child of children) child.kill();
  };
  try {
    await createDataFolder(settings.dataDir);
    const claim = await claimDataDir(settings.dataDir, report);
    cleanup.defer(() => claim.release());
    report(`checking ports ${settings.ports.map(({ port, name }) => `${port} (${name})`).join(", ")}`);
    const taken = await findPortProblems(settings.ports);
    if (taken.length > 0) throw new PortsTakenError(taken);

    if (settings.fresh) report(`emptying ${settings.dataDir}`);
    const folder = await layOutDataFolder(settings.dataDir, settings.fresh);
    const parts: Parts = { children, root, settings, report, signal, claim, logs: folder.logs };

    const database = await openDatabase(parts, folder.postgres, cleanup);
    signal.throwIfAborted();
    await prepareDatabase(parts, database.url);
    signal.throwIfAborted();

    const secret = await readOrCreateSecret(settings, folder.secretFile);
    const urls = await startServices(parts, database.url, secret, cleanup);
    if (await createConfigFile(settings.configFile)) report(`writing ${settings.configFile}, 10 % to v2`);
    const proxy = await startProxy(parts, urls, folder.releaseLog, cleanup);

    const broken = Promise.race([...children.map(failWhenItEnds), database.broken]);
    // Without a listener, a part that ends while we stop would be an unhandled rejection.
    broken.catch(() => undefined);
    return {
      ...proxy,
      ...urls,
      databaseUrl: database.url,
      configFile: settings.configFile,
      logs: folder.logs,
      broken,
      stop,
      kill,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Database {
  readonly url: string;
  readonly broken: Promise<never>;
}

async function openDatabase(parts: Parts, dataDir: string, cleanup: AsyncDisposableStack): Promise<Database> {
  const { settings, report } = parts;
  if (settings.databaseUrl !== null) {
    report(`using the PostgreSQL of DATABASE_URL, ${withoutPassword(settings.databaseUrl)}`);
    return { url: settings.databaseUrl, broken: new Promise<never>(() => undefined) };
  }
  const { port } = portOf(settings, "postgres");
  report(`starting PostgreSQL 15 on port ${port}, data in ${dataDir}`);
  const postgres = await startPostgres({ dataDir, port, database: "cms" });
  let stopping = false;
  cleanup.defer(async () => {
    stopping = true;
    report("stopping PostgreSQL");
    await postgres.stop();
  });
  const broken = postgres.exited.then((code) => {
    if (stopping) return new Promise<never>(() => undefined);
    throw new Error(`PostgreSQL ended with exit code ${code ?? "unknown"}`);
  });
  broken.catch(() => undefined);
  return { url: postgres.url, broken };
}

async function prepareDatabase(parts: Parts, databaseUrl: string): Promise<void> {
  const { root, settings, report, logs } = parts;
  const migrate = (args: readonly string[]): Promise<void> =>
    runMigrate({ root, args, databaseUrl, env: settings.env, logs });
  report("migrating the database");
  await migrate(["migrate", "--no-seed"]);
  if (await hasNoPosts(databaseUrl)) {
    report(`seeding it with ${seedPosts} posts, as it has none`);
    await migrate(["seed", "--posts", String(seedPosts)]);
  }
}

async function startServices(
  parts: Parts,
  databaseUrl: string,
  secret: string,
  cleanup: AsyncDisposableStack,
): Promise<{ readonly v1Url: string; readonly v2Url: string }> {
  const start = async (name: "cms-v1" | "cms-v2", entry: string): Promise<string> => {
    const { host, port } = portOf(parts.settings, name);
    const url = `http://${host}:${port}`;
    const env = { HOST: host, PORT: String(port), DATABASE_URL: databaseUrl, JWT_SECRET: secret };
    const child = await launch(parts, name, [entry], env, `${name} on port ${port}`);
    cleanup.defer(() => stopChild(parts, child, serviceGraceMs));
    await waitUntilHealthy(child, `${url}/health/ready`, healthyTimeoutMs, parts.signal);
    return url;
  };
  const [v1, v2] = await Promise.allSettled([
    start("cms-v1", "services-v1/src/main.ts"),
    start("cms-v2", "services-v2/src/main.ts"),
  ]);
  if (v1.status === "rejected") throw v1.reason;
  if (v2.status === "rejected") throw v2.reason;
  return { v1Url: v1.value, v2Url: v2.value };
}

async function startProxy(
  parts: Parts,
  urls: { readonly v1Url: string; readonly v2Url: string },
  releaseLog: string,
  cleanup: AsyncDisposableStack,
): Promise<{ readonly proxyUrl: string; readonly adminUrl: string }> {
  const { settings } = parts;
  const listen = portOf(settings, "proxy").port;
  const admin = portOf(settings, "admin").port;
  const env = {
    SERIN_RELEASE_LOG_PATH: releaseLog,
    ...settings.env,
    SERIN_CONFIG: settings.configFile,
    SERIN_LISTEN_PORT: String(listen),
    SERIN_ADMIN_PORT: String(admin),
    SERIN_UPSTREAMS_V1_URL: urls.v1Url,
    SERIN_UPSTREAMS_V2_URL: urls.v2Url,
  };
  const args = ["proxy/src/cli/serin.ts", "start", "--config", settings.configFile];
  const child = await launch(parts, "proxy", args, env, `the proxy on port ${listen}`);
  cleanup.defer(() => stopChild(parts, child, proxyGraceMs));
  const adminUrl = `http://127.0.0.1:${admin}`;
  await waitUntilHealthy(child, `${adminUrl}/readyz`, healthyTimeoutMs, parts.signal);
  return { proxyUrl: `http://127.0.0.1:${listen}`, adminUrl };
}

async function launch(
  parts: Parts,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  what: string,
): Promise<Child> {
  parts.signal.throwIfAborted();
  parts.report(`starting ${what}`);
  const [entry, ...rest] = args;
  const child = await startChild({
    name,
    args: [path.join(parts.root, entry ?? ""), ...rest],
    cwd: parts.root,
    env: { ...parts.settings.env, ...env },
    logFile: path.join(parts.logs, `${name}.log`),
  });
  parts.children.push(child);
  await parts.claim.addChild(name, child.pid);
  return child;
}

async function stopChild(parts: Parts, child: Child, graceMs: number): Promise<void> {
  parts.report(`stopping ${child.name}`);
  await child.stop(graceMs);
}

function portOf(settings: StackSettings, name: PortSetting["name"]): PortSetting {
  const setting = settings.ports.find((candidate) => candidate.name === name);
  if (setting === undefined) throw new Error(`no port is set for ${name}`);
  return setting;
}
