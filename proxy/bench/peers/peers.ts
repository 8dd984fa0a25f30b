import { execFileSync, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderCaddyfile, renderHaproxyConfig, renderNginxConfig } from "./native-config.ts";
import type { Stand } from "./native-config.ts";

/** How a peer is started: a command, and what it prints being its access log or not. */
export interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly printsLog: boolean;
}

/** A proxy that is measured. */
export interface Peer {
  readonly name: string;
  /** `null`: not installed. */
  readonly version: () => string | null;
  readonly tunnels: boolean;
  readonly prepare: (stand: Stand) => Launch;
}

const BENCH = join(import.meta.dirname, "..");
const SERIN_ENTRY = join(BENCH, "../src/cli/serin.ts");
const NODE_PEER = join(BENCH, "peers/node-peer.ts");

function serin(name: string, workers: number): Peer {
  return {
    name,
    version: () => readPackage(join(BENCH, "../package.json")),
    tunnels: true,
    prepare: (stand) => {
      const configPath = join(stand.folder, "serin.yaml");
      writeFileSync(configPath, renderSerinConfig(stand, workers));
      return {
        command: [process.execPath, SERIN_ENTRY, "start", "--config", configPath],
        env: {},
        printsLog: true,
      };
    },
  };
}

/** Everything on; no bound that the workload with 2,000 connections would meet. */
function renderSerinConfig({ port, v1Port, v2Port, folder }: Stand, workers: number): string {
  const upstream = (version: string, to: number): string =>
    `  ${version}: { url: "http://127.0.0.1:${to}", maxConnections: 4096, maxQueue: 4096 }`;
  return `listen: { host: 127.0.0.1, port: ${port} }
admin: { port: 0 }
workers: ${workers}
upstreams:
${upstream("v1", v1Port)}
${upstream("v2", v2Port)}
split: { percentage: 50 }
release: { logPath: ${JSON.stringify(join(folder, "release.jsonl"))} }
log: { access: true }
`;
}

function library(name: string, tunnels = true): Peer {
  return {
    name,
    version: () => readPackage(findManifest(name)),
    tunnels,
    prepare: ({ port, v1Port, v2Port, logPath }) => ({
      command: [process.execPath, NODE_PEER, name, String(port), String(v1Port), String(v2Port), logPath],
      env: { NODE_ENV: "production" },
      printsLog: false,
    }),
  };
}

function native(
  name: string,
  versionArguments: readonly string[],
  configName: string,
  render: (stand: Stand) => string,
  command: (configPath: string) => readonly string[],
  printsLog: boolean,
): Peer {
  return {
    name,
    version: () => askVersion(name.toLowerCase(), versionArguments),
    tunnels: true,
    prepare: (stand) => {
      const configPath = join(stand.folder, configName);
      mkdirSync(stand.folder, { recursive: true });
      writeFileSync(configPath, render(stand));
      // Caddy keeps its state below HOME; GOMAXPROCS: Go would otherwise plan for processors that it may not use.
      return { command: command(configPath), env: { HOME: stand.folder, GOMAXPROCS: "1" }, printsLog };
    },
  };
}

/** Serin first; the others from the slowest kind to the fastest. */
export const PEERS: readonly Peer[] = [
  serin("Serin", 1),
  library("http-proxy"),
  library("http-proxy-3"),
  library("httpxy"),
  library("fast-proxy", false),
  library("@fastify/http-proxy"),
  native(
    "Caddy",
    ["version"],
    "Caddyfile",
    renderCaddyfile,
    (path) => ["caddy", "run", "--config", path, "--adapter", "caddyfile"],
    false,
  ),
  native(
    "HAProxy",
    ["-v"],
    "haproxy.cfg",
    renderHaproxyConfig,
    (path) => ["haproxy", "-db", "-f", path],
    true,
  ),
  native("nginx", ["-v"], "nginx.conf", renderNginxConfig, (path) => ["nginx", "-c", path], false),
];

/** Serin with that many workers. */
export function serinWithWorkers(workers: number): Peer {
  return serin(`Serin, ${workers} worker${workers === 1 ? "" : "s"}`, workers);
}

function findManifest(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  for (;;) {
    const path = join(folder, "package.json");
    if (readName(path) === name) return path;
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`${name} has no package.json`);
    folder = parent;
  }
}

function readName(path: string): string | null {
  try {
    const manifest: { name?: string } = JSON.parse(readFileSync(path, "utf8"));
    return manifest.name ?? null;
  } catch {
    return null;
  }
}

function readPackage(path: string): string {
  const manifest: { version: string } = JSON.parse(readFileSync(path, "utf8"));
  return manifest.version;
}

function askVersion(command: string, args: readonly string[]): string | null {
  try {
    execFileSync("which", [command], { stdio: "ignore" });
  } catch {
    return null;
  }
  // nginx says it on standard error.
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return /[0-9]+\.[0-9]+\.[0-9]+/.exec(stdout + stderr)?.[0] ?? "unknown";
}
