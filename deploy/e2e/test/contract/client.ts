import { expect } from "vitest";
import { pick, pickText } from "../../src/ask.ts";
import type { AnswerValidator } from "../../src/open-api.ts";

/** One answer; it has been held against the OpenAPI document and the rules that every answer keeps. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed; `undefined` without a body. */
  readonly body: unknown;
  /** `data` of API v1's envelope. */
  readonly data: unknown;
  readonly error: unknown;
  /** `field message` of every validation error of API v1. */
  readonly problems: readonly string[];
  at(...place: readonly string[]): unknown;
  textAt(...place: readonly string[]): string;
}

export interface Ask {
  readonly token?: string | undefined;
  readonly apiKey?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, as JSON unless a header says otherwise. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where the requests of a suite go, and which versions may answer them. */
export interface Place {
  readonly baseUrl: string;
  /** Of the versions that may answer; through the proxy `X-Canary-Version` says which one it was. */
  readonly validators: Readonly<Partial<Record<"v1" | "v2", AnswerValidator>>>;
  /** A new identity with each request, so that consecutive requests of one client reach different versions. */
  readonly spread: boolean;
  /** Takes down who has answered. */
  readonly seen: Set<"v1" | "v2">;
}

export type Send = (method: string, path: string, ask?: Ask) => Promise<Answer>;

const timeoutMs = 30_000;
const envelopeKeys = ["success", "data", "message", "error"];

/** A client that throws when an answer breaks what every answer has to keep. Paths are whole, from the first slash. */
export function createClient(place: Place): Send {
  let sent = 0;
  return async (method, path, ask = {}) => {
    const headers: Record<string, string> = { ...ask.headers };
    if (ask.token !== undefined) headers["authorization"] = `Bearer ${ask.token}`;
    if (ask.apiKey !== undefined) headers["x-api-key"] = ask.apiKey;
    if (place.spread) headers["x-user-id"] = `spread-${(sent += 1)}`;
    const payload = ask.raw ?? (ask.json === undefined ? undefined : JSON.stringify(ask.json));
    if (payload !== undefined) headers["content-type"] ??= "application/json";
    const response = await fetch(place.baseUrl + path, {
      method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...(payload === undefined ? {} : { body: payload }),
    });
    const answer = describeAnswer(response, await response.text());
    if (path.startsWith("/api/v1")) expectEnvelope(method, answer);
    const validator = validatorFor(place, response.headers.get("x-canary-version"));
    const isUnknownRoute = answer.status === 404 && answer.error === "Route not found";
    if (method !== "HEAD" && !isUnknownRoute) {
      expect(validator(method, path, answer.status, answer.body), answer.text).toBeNull();
    }
    return answer;
  };
}

function validatorFor(place: Place, version: string | null): AnswerValidator {
  if (version === "v1" || version === "v2") place.seen.add(version);
  const { v1, v2 } = place.validators;
  const validator = version === "v1" ? v1 : version === "v2" ? v2 : (v1 ?? v2);
  if (validator === undefined) throw new Error(`${version ?? "nobody"} was not to answer here`);
  return validator;
}

function describeAnswer(response: Response, text: string): Answer {
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  const problems = pick(body, "validation_errors");
  return {
    status: response.status,
    headers: response.headers,
    text,
    body,
    data: pick(body, "data"),
    error: pick(body, "error"),
    problems: Array.isArray(problems)
      ? problems.map((problem) => `${pickText(problem, "field")} ${pickText(problem, "message")}`)
      : [],
    at: (...keys) => pick(body, ...keys),
    textAt: (...keys) => pickText(body, ...keys),
  };
}

/** What docs/api-v1.md says of every answer below /api/v1. */
function expectEnvelope(method: string, answer: Answer): void {
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect([answer.headers.get("etag"), answer.headers.get("location")]).toEqual([null, null]);
  expect(answer.headers.get("www-authenticate")).toBe(answer.status === 401 ? "Bearer" : null);
  if (method === "HEAD") {
    expect(answer.text).toBe("");
    return;
  }
  const keys = answer.status === 422 ? [...envelopeKeys, "validation_errors"] : envelopeKeys;
  expect(Object.keys(Object(answer.body))).toEqual(keys);
  const succeeded = answer.status < 300;
  expect(answer.at("success")).toBe(succeeded);
  expect(answer.at("message")).toBeNull();
  expect(typeof answer.error).toBe(succeeded ? "object" : "string");
}
