/** One answer of the CMS through the proxy, body read. */
export interface Answer {
  readonly status: number;
  /** `X-Canary-Version`: which version the proxy sent it to. */
  readonly version: string | null;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface AskOptions {
  readonly method?: string;
  /** Sent as `X-User-Id`. */
  readonly identity?: string;
  readonly token?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const timeoutMs = 30_000;

/** Sends one request and reads the whole answer. Redirects are not followed. */
export async function ask(url: string, options: AskOptions = {}): Promise<Answer> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.identity !== undefined) headers["x-user-id"] = options.identity;
  if (options.token !== undefined) headers["authorization"] = `Bearer ${options.token}`;
  const init: RequestInit = {
    method: options.method ?? (options.json === undefined ? "GET" : "POST"),
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
    headers,
  };
  if (options.json !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(options.json);
  }
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    version: response.headers.get("x-canary-version"),
    headers: response.headers,
    body: parse(text),
  };
}

/** A value deep in an answer's body: `pick(answer.body, "data", "user", "id")`; `undefined` when it is not there. */
export function pick(value: unknown, ...keys: readonly string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

/** {@link pick} for what has to be text. */
export function pickText(value: unknown, ...keys: readonly string[]): string {
  const found = pick(value, ...keys);
  if (typeof found !== "string") {
    throw new Error(
      `expected text at ${keys.join(".")}, got ${JSON.stringify(found)} in ${JSON.stringify(value)}`,
    );
  }
  return found;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
