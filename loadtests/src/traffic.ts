import { check } from "k6";
import http from "k6/http";
import type { RefinedResponse, ResponseType } from "k6/http";
import { Counter, Rate, Trend } from "k6/metrics";
import { baseUrl, users } from "./environment.ts";

/** Milliseconds of every request, tagged with who answered (`version`), `endpoint` and `status`. The report is made of it. */
const requestMs = new Trend("request_ms", true);
/** Share of requests that got a 5xx or no answer, by `version`. */
const requestFailed = new Rate("request_failed");
/** Answers that do not say which version they are from. */
const unversioned = new Counter("unversioned");

/** Who answered: `v1`, `v2`, or `none` when nobody did. */
export type Answerer = "v1" | "v2" | "none";

interface Endpoint {
  readonly name: string;
  readonly path: () => string;
  /** Of 100 requests, how many go there. */
  readonly share: number;
}

const words = ["release", "canary", "post", "the", "data"];

/** What readers of the CMS do, the same in both versions. */
const endpoints: readonly Endpoint[] = [
  { name: "posts", path: () => `/api/v1/posts?limit=20&page=${1 + pick(5)}`, share: 55 },
  { name: "posts by title", path: () => "/api/v1/posts?limit=20&sort=title", share: 15 },
  { name: "tags", path: () => "/api/v1/tags", share: 15 },
  { name: "categories", path: () => "/api/v1/categories", share: 5 },
  { name: "search", path: () => `/api/v1/search?q=${words[pick(words.length)] ?? ""}&limit=10`, share: 10 },
];

/** One request of one of {@link users} users, drawn at random, to an endpoint drawn by its share. */
export function browse(): Answerer {
  return ask(drawEndpoint(), `load-${pick(users)}`);
}

/** Every endpoint once, as one user. */
export function browseEverything(identity: string): void {
  for (const endpoint of endpoints) ask(endpoint, identity);
}

/** The version that answers an identity now. */
export function versionOf(identity: string, tags: Readonly<Record<string, string>> = {}): Answerer {
  return measure("posts", tags, () => get("/api/v1/posts?limit=1", identity)).version;
}

/** The same request, drawn at random, as two identities right after each other; milliseconds of each, `null` if it failed. */
export function browseAsBoth(first: string, second: string): readonly [number | null, number | null] {
  const endpoint = drawEndpoint();
  const path = endpoint.path();
  const one = measure(endpoint.name, {}, () => get(path, first));
  const other = measure(endpoint.name, {}, () => get(path, second));
  return [one.ok ? one.ms : null, other.ok ? other.ms : null];
}

function ask(endpoint: Endpoint, identity: string): Answerer {
  return measure(endpoint.name, {}, () => get(endpoint.path(), identity)).version;
}

function get(path: string, identity: string): RefinedResponse<ResponseType | undefined> {
  return http.get(`${baseUrl}${path}`, {
    headers: { "X-User-Id": identity },
    tags: { name: path.split("?")[0] ?? path },
  });
}

interface Measured {
  readonly version: Answerer;
  readonly ok: boolean;
  readonly ms: number;
}

function measure(
  endpoint: string,
  extra: Readonly<Record<string, string>>,
  send: () => RefinedResponse<ResponseType | undefined>,
): Measured {
  const response = send();
  const version = readVersion(response);
  const tags = { ...extra, version, endpoint };
  const ok = response.status >= 200 && response.status < 500;
  requestMs.add(response.timings.duration, { ...tags, status: String(response.status) });
  requestFailed.add(!ok, tags);
  if (response.status > 0 && version === "none") unversioned.add(1);
  check(response, { "is answered with 200": ({ status }) => status === 200 }, { version });
  return { version, ok, ms: response.timings.duration };
}

function readVersion(response: RefinedResponse<ResponseType | undefined>): Answerer {
  const value = response.headers["X-Canary-Version"];
  return value === "v1" || value === "v2" ? value : "none";
}

function drawEndpoint(): Endpoint {
  let left = pick(100);
  for (const endpoint of endpoints) {
    left -= endpoint.share;
    if (left < 0) return endpoint;
  }
  throw new Error("the endpoints' shares do not add up to 100");
}

function pick(below: number): number {
  return Math.floor(Math.random() * below);
}
