import { isRecord } from "../config/is-record.ts";
import type { CommandContext } from "./command.ts";

export type AdminAnswer = { readonly ok: true; readonly body: Record<string, unknown> } | FailedAnswer;

/** No answer, one that cannot be used, or a refusal. */
export interface FailedAnswer {
  readonly ok: false;
  /** What happened, for people. */
  readonly reason: string;
  /** null when there was no answer. */
  readonly status: number | null;
  /** What the server says about its refusal: `error`, and often `whatToDo` and the present state. */
  readonly refusal: Record<string, unknown> | null;
}

/** What goes with a POST. */
interface Posted {
  readonly body?: Readonly<Record<string, unknown>>;
  /** The version of the release that the caller has seen; null for whatever it is. */
  readonly ifMatch?: string | null;
}

/** The admin server as a command sees it. */
export interface AdminClient {
  readonly url: string;
  get(path: string): Promise<AdminAnswer>;
  post(path: string, posted?: Posted): Promise<AdminAnswer>;
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
    get: (path) => request(url, path, token, null),
    post: (path, posted = {}) => request(url, path, token, posted),
  };
}

/** @param posted null for a GET */
async function request(
  url: string,
  path: string,
  token: string,
  posted: Posted | null,
): Promise<AdminAnswer> {
  const method = posted === null ? "GET" : "POST";
  const address = /^https?:\/\//.test(url) ? URL.parse(`${url}${path}`) : null;
  if (address === null) return fail(`${url} is not an http:// or https:// address`);
  let status: number;
  let text: string;
  try {
    const response = await fetch(address, {
      method,
      headers: {
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
        ...(posted?.body === undefined ? {} : { "content-type": "application/json" }),
        ...(typeof posted?.ifMatch === "string" ? { "if-match": posted.ifMatch } : {}),
      },
      body: posted?.body === undefined ? null : JSON.stringify(posted.body),
      signal: AbortSignal.timeout(requestTimeoutMs),
      redirect: "error",
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    return fail(`no answer from ${url} (${causeOf(error)}); is serin running there?`);
  }
  const body = parseObject(text);
  if (status === 401 || status === 403) {
    return fail(`${url} wants a token: --token or SERIN_ADMIN_TOKEN`, status);
  }
  // A refused reload comes with a body that says why, which is the command's to print.
  if (body === null || (status >= 400 && !("result" in body))) {
    const said = typeof body?.["error"] === "string" ? body["error"] : null;
    const detail = said === null ? "" : `: ${said}`;
    return fail(
      `${url} answered ${method} ${path} with ${status}${detail}`,
      status,
      said === null ? null : body,
    );
  }
  return { ok: true, body };
}

function fail(
  reason: string,
  status: number | null = null,
  refusal: Record<string, unknown> | null = null,
): FailedAnswer {
  return { ok: false, reason, status, refusal };
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
