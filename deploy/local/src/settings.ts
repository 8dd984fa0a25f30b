import path from "node:path";
import { parseArgs } from "node:util";

/** One listening port of the stack, and the variable that moves it. */
export interface PortSetting {
  readonly name: "proxy" | "admin" | "cms-v1" | "cms-v2" | "postgres";
  readonly port: number;
  readonly variable: string;
  /** Address that the owner of the port binds. */
  readonly host: string;
}

export interface StackSettings {
  /** Holds everything that the stack writes: database, logs, config file, secret. Absolute. */
  readonly dataDir: string;
  /** Empty the data folder first. */
  readonly fresh: boolean;
  /** A database of the user's own; `null` starts the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** Given secret for the services' tokens; `null` uses the one kept in the data folder. */
  readonly jwtSecret: string | null;
  /** The proxy's config file. Absolute. Written from the template when absent. */
  readonly configFile: string;
  readonly ports: readonly PortSetting[];
  /** What the children inherit, before the stack sets its own variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type ParsedSettings =
  | { readonly kind: "settings"; readonly settings: StackSettings }
  | { readonly kind: "help" }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

const portDefaults = [
  { name: "proxy", variable: "SERIN_LISTEN_PORT", port: 8000, host: "0.0.0.0" },
  { name: "admin", variable: "SERIN_ADMIN_PORT", port: 9901, host: "127.0.0.1" },
  { name: "cms-v1", variable: "CMS_V1_PORT", port: 3001, host: "127.0.0.1" },
  { name: "cms-v2", variable: "CMS_V2_PORT", port: 3002, host: "127.0.0.1" },
  // Not 5432: whoever has a PostgreSQL of their own has it there.
  { name: "postgres", variable: "POSTGRES_PORT", port: 15432, host: "127.0.0.1" },
] as const satisfies readonly PortSetting[];

const minSecretCharacters = 32;

export const usage = `Usage: npm start [-- --fresh] [-- --data DIR]

  --fresh      empty the data folder first: database, config file, secret, logs
  --data DIR   keep everything in DIR instead of .data

Variables
  SERIN_LISTEN_PORT (8000)  SERIN_ADMIN_PORT (9901)  CMS_V1_PORT (3001)  CMS_V2_PORT (3002)  POSTGRES_PORT (15432)
  DATABASE_URL   use this PostgreSQL instead of the embedded one (it is migrated, and seeded when it has no posts)
  JWT_SECRET     at least 32 characters; otherwise one is made and kept in the data folder
  SERIN_CONFIG   the proxy's config file, instead of .data/serin.yaml
  All variables of the proxy pass through to it, for example API_V2_TRAFFIC_PERCENTAGE=50.`;

/**
 * Reads the command line and the environment, and finds every problem at once.
 * @param root absolute folder of the repository; relative paths are taken from it.
 */
export function parseSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  root: string,
): ParsedSettings {
  const problems: string[] = [];
  const flags = parseFlags(args, problems);
  if (flags.help) return { kind: "help" };
  const databaseUrl = given(env, "DATABASE_URL");
  if (databaseUrl !== null && !isPostgresUrl(databaseUrl)) {
    problems.push("DATABASE_URL: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE");
  }
  const jwtSecret = given(env, "JWT_SECRET");
  if (jwtSecret !== null && jwtSecret.length < minSecretCharacters) {
    problems.push(`JWT_SECRET: expected at least ${minSecretCharacters} characters, got ${jwtSecret.length}`);
  }
  const ports = portDefaults
    .filter(({ name }) => name !== "postgres" || databaseUrl === null)
    .map((setting) => ({ ...setting, port: parsePort(env, setting.variable, setting.port, problems) }));
  problems.push(...findSharedPorts(ports));
  if (problems.length > 0) return { kind: "problems", problems };
  const dataDir = path.resolve(root, flags.data ?? ".data");
  const configFile = path.resolve(root, given(env, "SERIN_CONFIG") ?? path.join(dataDir, "serin.yaml"));
  return {
    kind: "settings",
    settings: { dataDir, fresh: flags.fresh, databaseUrl, jwtSecret, configFile, ports, env },
  };
}

interface Flags {
  readonly fresh: boolean;
  readonly help: boolean;
  readonly data: string | null;
}

function parseFlags(args: readonly string[], problems: string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        fresh: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        data: { type: "string" },
      },
    });
    return { fresh: values.fresh, help: values.help, data: values.data ?? null };
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return { fresh: false, help: false, data: null };
  }
}

/** A variable that is set to nothing counts as not set. */
function given(env: Readonly<Record<string, string | undefined>>, name: string): string | null {
  const value = env[name]?.trim();
  return value === undefined || value === "" ? null : value;
}

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "postgres:" || url.protocol === "postgresql:");
}

function parsePort(
  env: Readonly<Record<string, string | undefined>>,
  variable: string,
  fallback: number,
  problems: string[],
): number {
  const text = given(env, variable);
  if (text === null) return fallback;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  problems.push(`${variable}: expected a port from 1 to 65535, got "${text}"`);
  return fallback;
}

function findSharedPorts(ports: readonly PortSetting[]): string[] {
  return ports.flatMap((setting, index) => {
    const earlier = ports.slice(0, index).find(({ port }) => port === setting.port);
    return earlier === undefined
      ? []
      : [
          `${setting.variable}: port ${setting.port} is already meant for ${earlier.name} (${earlier.variable})`,
        ];
  });
}
