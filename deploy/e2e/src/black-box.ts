/** A stack that runs already, somewhere; what is `null` was not given, and tests that need it are skipped. */
export interface BlackBox {
  readonly proxyUrl: string;
  readonly adminUrl: string | null;
  readonly v1Url: string | null;
  readonly v2Url: string | null;
  readonly configFile: string | null;
}

/** What a suite needs beyond the proxy's own address. */
export type Need = "adminUrl" | "v1Url" | "v2Url" | "configFile";

/**
 * Reads which running stack the suites are to talk to: `SERIN_E2E_URL`, and beside it `SERIN_E2E_ADMIN_URL`,
 * `SERIN_E2E_V1_URL`, `SERIN_E2E_V2_URL` and `SERIN_E2E_CONFIG` (path of a config file that the tests may change).
 * `null` without `SERIN_E2E_URL`: then each suite starts a stack of its own.
 */
export function readBlackBox(env: Readonly<Record<string, string | undefined>>): BlackBox | null {
  const proxyUrl = address(env, "SERIN_E2E_URL");
  if (proxyUrl === null) return null;
  return {
    proxyUrl,
    adminUrl: address(env, "SERIN_E2E_ADMIN_URL"),
    v1Url: address(env, "SERIN_E2E_V1_URL"),
    v2Url: address(env, "SERIN_E2E_V2_URL"),
    configFile: env["SERIN_E2E_CONFIG"] || null,
  };
}

/** Whether a suite with these needs can run against the stack that the environment names, or starts its own. */
export function canRun(...needs: readonly Need[]): boolean {
  const blackBox = readBlackBox(process.env);
  return blackBox === null || needs.every((need) => blackBox[need] !== null);
}

/** Whether the suites start their own stack, and so may stop and break it. */
export function startsOwnStack(): boolean {
  return readBlackBox(process.env) === null;
}

function address(env: Readonly<Record<string, string | undefined>>, name: string): string | null {
  const text = env[name] ?? "";
  if (text === "") return null;
  if (URL.parse(text) === null)
    throw new Error(`${name}: expected an address such as http://host:8000, got "${text}"`);
  return text.replace(/\/+$/, "");
}
