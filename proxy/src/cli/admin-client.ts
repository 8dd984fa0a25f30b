import { isRecord } from "../config/is-record.ts";
import type { CommandContext } from "./command.ts";

type AdminAnswer =
  | { readonly ok: true; readonly body: Record<string, unknown> }
  /** `reason` is a whole sentence for people; `status` is null when there was no answer. */
  | { readonly ok: false; readonly reason: string; readonly status: number | null };

/** The admin server as a command sees it. */
export interface AdminClient {
  readonly url: string;
  get(path: string): Promise<AdminAnswer>;
  post(path: string): Promise<AdminAnswer>;
}

const defaultUrl = "http://127.0.0.1:9901";
const requestTimeoutMs = 10_000;

/**
 * Where and how a command reaches the admin server: `--admin`, else `SERIN_ADMIN_URL`, else loopback with
 * `SERIN_ADMIN_PORT`; the token from `--token`, else `SERIN_ADMIN_TOKEN`.
 */
export function createAdminClient({ options, env }: Pick<CommandContext, "options" | "env">): AdminClient {
  const fallback = env["SERIN_ADMIN_PORT"] ? `http://127.0.0.1:${env["SERIN_ADMIN_PORT"]}` : defaultUrl;
  const given = options.admin ?? (env["SERIN_ADMIN_URL"] || fallback);
  const url = given.replace(/\/+$/, "");
  const token = options.token ?? env["SERIN_ADMIN_TOKEN"] ?? "";
  return {
    url,
    get: (path) => request(url, path, "GET", token),
    post: (path) => request(url, path, "POST", token),
  };
}

async function request(url: string, path: string, method: string, token: string): Promise<AdminAnswer> {
  const address = /^https?:\/\//.test(url) ? URL.parse(`${url}${path}`) : null;
  if (address === null) {
    return { ok: false, reason: `${url} is not an http:// or https:// address`, status: null };
  }
  let status: number;
  let text: string;
  try {
    const response = await fetch(address, {
      method,
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(requestTimeoutMs),
      redirect: "error",
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    return {
      ok: false,
      reason: `no answer from ${url} (${causeOf(error)}); is serin running there?`,
      status: null,
    };
  }
  const body = parseObject(text);
  if (status === 401 || status === 403) {
    return { ok: false, reason: `${url} wants a token: --token or SERIN_ADMIN_TOKEN`, status };
  }
  // A refused reload comes with a body that says why, which is the command's to print.
  if (body === null || (status >= 400 && !("result" in body))) {
    const detail = typeof body?.["error"] === "string" ? `: ${body["error"]}` : "";
    return { ok: false, reason: `${url} answered ${method} ${path} with ${status}${detail}`, status };
  }
  return { ok: true, body };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") {
    return cause.code;
  }
  return cause instanceof Error ? cause.name : String(cause);
}
