import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findFreePort } from "../../local/src/ports.ts";
import { parseSettings } from "../../local/src/settings.ts";
import { startStack as startLocalStack } from "../../local/src/stack.ts";
import { readBlackBox } from "./black-box.ts";

/** The stack that a suite talks to. */
export interface Target {
  readonly proxyUrl: string;
  readonly adminUrl: string;
  readonly v1Url: string;
  readonly v2Url: string;
  /** The proxy's config file, which the suite may change. */
  readonly configFile: string;
  /** The proxy's log; `null` for a stack that was not started here. */
  readonly proxyLog: string | null;
  stop(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, "../../..");
const portVariables = [
  "SERIN_LISTEN_PORT",
  "SERIN_ADMIN_PORT",
  "CMS_V1_PORT",
  "CMS_V2_PORT",
  "POSTGRES_PORT",
];
/** Variables of the tester's own shell that would change what the suites measure. */
const foreignVariables = /^(SERIN_|API_V2_TRAFFIC_PERCENTAGE$|USE_LEGACY_API_V1$|DATABASE_URL$|JWT_SECRET$)/;

/**
 * The stack under test: the one that `SERIN_E2E_URL` names, or the real local stack on free ports with a fresh database.
 * @param env variables for a stack that is started here, for instance `API_V2_TRAFFIC_PERCENTAGE`.
 */
export async function startStack(env: Readonly<Record<string, string>> = {}): Promise<Target> {
  const blackBox = readBlackBox(process.env);
  if (blackBox !== null) {
    // What was not given is never used: the suites that need it are skipped.
    const missing = "http://not-given.invalid";
    return {
      proxyUrl: blackBox.proxyUrl,
      adminUrl: blackBox.adminUrl ?? missing,
      v1Url: blackBox.v1Url ?? missing,
      v2Url: blackBox.v2Url ?? missing,
      configFile: blackBox.configFile ?? "/not-given",
      proxyLog: null,
      stop: async () => undefined,
    };
  }
  const dataDir = await mkdtemp(path.join(tmpdir(), "serin-e2e-"));
  const own = Object.entries(process.env).filter(([name]) => !foreignVariables.test(name));
  const parsed = parseSettings(
    ["--data", dataDir],
    { ...Object.fromEntries(own), ...(await freePorts()), ...env },
    root,
  );
  if (parsed.kind !== "settings")
    throw new Error(`the stack's settings are wrong: ${JSON.stringify(parsed)}`);
  const stack = await startLocalStack(parsed.settings, root, () => undefined, new AbortController().signal);
  return {
    proxyUrl: stack.proxyUrl,
    adminUrl: stack.adminUrl,
    v1Url: stack.v1Url,
    v2Url: stack.v2Url,
    configFile: stack.configFile,
    proxyLog: path.join(stack.logs, "proxy.log"),
    stop: async () => {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A free port for each variable of the local stack. */
export async function freePorts(): Promise<Record<string, string>> {
  const taken = new Set<string>();
  while (taken.size < portVariables.length) taken.add(String(await findFreePort()));
  const ports = [...taken];
  return Object.fromEntries(portVariables.map((variable, index) => [variable, ports[index] ?? ""]));
}
