import { logLevels } from "./config.ts";
import type { Config } from "./config.ts";
import {
  boolean,
  cookieName,
  host,
  identitySources,
  integer,
  milliseconds,
  networks,
  oneOf,
  percentage,
  text,
  workerCount,
} from "./leaf.ts";
import { releaseSchema } from "./release-schema.ts";
import { routeList } from "./routes.ts";
import type { SchemaOf } from "./schema-of.ts";
import { filePattern, fileExpected, upstream } from "./upstream-schema.ts";

const tokenPattern = /^[\x21-\x7e]{0,512}$/;
const tokenExpected = "printable ASCII without spaces, at most 512 characters";

/** Every value that can be set. The one source of validation, of the environment's names and of docs/configuration.md. */
export const schema: SchemaOf<Config> = {
  listen: {
    host: host("0.0.0.0", "Address that clients connect to.", { restart: true }),
    port: integer(8000, 0, 65_535, "Port that clients connect to; 0 lets the system choose.", {
      restart: true,
    }),
    tls: {
      certFile: text(
        "",
        filePattern,
        fileExpected,
        "PEM file of the certificate and its chain; with keyFile it turns TLS on. Read again when it changes.",
        { restart: true },
      ),
      keyFile: text("", filePattern, fileExpected, "PEM file of its key.", { restart: true }),
      minVersion: oneOf("TLSv1.2", ["TLSv1.2", "TLSv1.3"], "Oldest TLS that clients may speak.", {
        restart: true,
      }),
    },
    proxyProtocol: boolean(
      false,
      "Expects a PROXY protocol header (v1 or v2) from peers in trustedNetworks on every connection.",
      { restart: true },
    ),
  },
  workers: workerCount(
    "auto",
    64,
    "Worker threads that carry requests; auto is one per available processor.",
    {
      restart: true,
    },
  ),
  workerMemoryMb: integer(
    0,
    0,
    65_536,
    "Heap limit of one worker in MiB; past it the worker dies alone and is restarted. 0 leaves it to Node, else at least 32.",
    { restart: true },
  ),
  admin: {
    host: host("127.0.0.1", "Address of the admin server.", { restart: true }),
    port: integer(9901, 0, 65_535, "Port of the admin server; 0 lets the system choose.", { restart: true }),
    token: text(
      "",
      tokenPattern,
      tokenExpected,
      "Bearer token of the admin server. Required when admin.host is not loopback.",
      {
        secret: true,
      },
    ),
  },
  upstreams: {
    v1: {
      ...upstream("v1", "http://127.0.0.1:3001"),
      fallback: oneOf("none", ["none", "v2"], "Who takes v1's traffic while v1 is unhealthy."),
    },
    v2: upstream("v2", "http://127.0.0.1:3002"),
  },
  split: {
    percentage: percentage(
      0,
      "Share of users that v2 gets, in percent. Raising it never moves anyone back to v1.",
      {
        env: "API_V2_TRAFFIC_PERCENTAGE",
      },
    ),
    killSwitch: boolean(false, "Sends everything to v1 but what a route pins to v2.", {
      env: "USE_LEGACY_API_V1",
    }),
    salt: text(
      "cms-v2",
      /^[^\0]{1,256}$/u,
      "text of 1 to 256 characters",
      "Hashed in front of every identity. Another salt deals all users anew.",
    ),
    offset: integer(0, 0, 999_999, "Rotates the cohort by this many of the 1,000,000 points."),
    identity: identitySources(
      ["header:X-User-Id", "jwt:sub", "cookie:serin_id"],
      "Where the identity comes from: the first source that yields one. header:NAME, jwt:CLAIM (bearer token, read but not verified), cookie:NAME, ip.",
    ),
    issueCookie: boolean(true, "Gives users without identity a random cookie; otherwise they stay on v1."),
    cookieName: cookieName("serin_id", "Name of that cookie."),
    cookieSecure: boolean(
      false,
      "Marks the cookie Secure always; otherwise only when the client came over TLS.",
    ),
  },
  routes: routeList(
    [
      { name: "api-v2", prefix: "/api/v2/", pin: "v2" },
      { name: "api-v1", prefix: "/api/v1/" },
    ],
    'Named routes, the first that matches counts: {name, prefix, pin: v1 or v2, stream: true for long-lived answers, deprecation: {since, sunset, successor}}. What matches none is "other".',
  ),
  release: releaseSchema,
  limits: {
    maxHeaderBytes: integer(
      16_384,
      1024,
      1_048_576,
      "Largest request header, request line included; past it 431.",
      { restart: true },
    ),
    maxHeaders: integer(200, 10, 2000, "Most header lines; past it 431."),
    maxTargetBytes: integer(8192, 64, 1_048_576, "Longest request target; past it 414."),
    maxBodyBytes: integer(1_073_741_824, 0, Number.MAX_SAFE_INTEGER, "Largest request body; past it 413."),
    maxConnections: integer(
      8192,
      1,
      1_000_000,
      "Most client connections of one worker; a few more are told 503, the rest is dropped.",
      { restart: true },
    ),
    maxConnectionsPerClient: integer(
      0,
      0,
      1_000_000,
      "Most connections of one worker from one client address; past it 503. 0 for no bound; trusted networks have none.",
    ),
    headersTimeoutMs: milliseconds(10_000, 1, "Longest time that a request's header may take; past it 408."),
    idleTimeoutMs: milliseconds(
      60_000,
      1,
      "Longest silence of a client in the middle of its request's body (408) or of the answer that it reads (cut). What moves may take as long as it likes.",
    ),
    keepAliveTimeoutMs: milliseconds(
      65_000,
      1,
      "Idle client connections are closed after this; keep it above the load balancer's.",
    ),
    tunnelIdleTimeoutMs: milliseconds(
      600_000,
      1,
      "A tunnel (WebSocket) in which neither side sends for this long is closed.",
    ),
  },
  trustedNetworks: networks(
    [],
    "Peers whose X-Forwarded-*, Forwarded, request ids and overrides are believed: addresses or CIDR blocks, IPv4 and IPv6.",
  ),
  override: {
    token: text(
      "",
      tokenPattern,
      tokenExpected,
      "Shared secret that allows X-Canary from anywhere (X-Canary-Token); empty allows it from trusted networks only.",
      {
        secret: true,
      },
    ),
  },
  log: {
    level: oneOf("info", logLevels, "Least severe lines that are logged."),
    access: boolean(true, "Logs one line per request."),
  },
  drain: {
    delayMs: milliseconds(
      0,
      0,
      "When stopping, /readyz fails this long before new connections are refused; give a load balancer time to notice.",
    ),
    timeoutMs: milliseconds(30_000, 0, "Longest wait for requests in flight when stopping."),
  },
};
