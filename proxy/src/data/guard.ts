import type { LimitSettings } from "../config/snapshot.ts";
import { isFieldValue, isToken, listHas } from "./characters.ts";
import { FAILURES } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { frameBody, parseDecimal } from "./framing.ts";
import { isAuthority, parseTarget } from "./target.ts";

/**
 * The guard stands before dispatch. It reads request line and header list once and either refuses the request or
 * turns it into a {@link RequestHead} that nothing behind it can choke on: whatever undici would throw for is refused
 * here, with the right status. It works on plain values, not on Node's request object. Its rules, as a table with the
 * sections of the RFCs: docs/guard.md.
 */

/** What is done with a header, by its name in lower case. Names that are not listed pass. */
const HeaderRole = {
  /** Hop-by-hop (RFC 9110 §7.6.1): ends here. */
  hop: 1,
  host: 2,
  contentLength: 3,
  transferEncoding: 4,
  connection: 5,
  upgrade: 6,
  expect: 7,
  maxForwards: 8,
  /** Our own or forwarding headers: read, taken out, and set anew when the request goes on. */
  own: 9,
} as const;

const ROLES: ReadonlyMap<string, number> = new Map<string, number>([
  ["keep-alive", HeaderRole.hop],
  ["proxy-connection", HeaderRole.hop],
  ["te", HeaderRole.hop],
  ["trailer", HeaderRole.hop],
  ["http2-settings", HeaderRole.hop],
  ["host", HeaderRole.host],
  ["content-length", HeaderRole.contentLength],
  ["transfer-encoding", HeaderRole.transferEncoding],
  ["connection", HeaderRole.connection],
  ["upgrade", HeaderRole.upgrade],
  ["expect", HeaderRole.expect],
  ["max-forwards", HeaderRole.maxForwards],
  ["forwarded", HeaderRole.own],
  ["via", HeaderRole.own],
  ["x-real-ip", HeaderRole.own],
  ["x-request-id", HeaderRole.own],
  ["x-canary", HeaderRole.own],
  ["x-canary-token", HeaderRole.own],
  ["x-canary-version", HeaderRole.own],
]);

const FORWARDED_PREFIX = "x-forwarded-";

function roleOf(name: string): number | undefined {
  const role = ROLES.get(name);
  if (role !== undefined) return role;
  return name.startsWith(FORWARDED_PREFIX) ? HeaderRole.own : undefined;
}

/** A name with underscores that many servers read as one that has a role or identifies the user. */
function isTwin(name: string, identityNames: ReadonlySet<string>): boolean {
  if (!name.includes("_")) return false;
  const dashed = name.replaceAll("_", "-");
  return roleOf(dashed) !== undefined || identityNames.has(dashed);
}

/** A request that the guard let through. */
export class RequestHead {
  readonly method: string;
  /** Origin-form, as the upstream gets it: path and query. */
  readonly target: string;
  /** The path alone, in its one spelling: routes match this, and the upstream gets it. `*` for the server as such. */
  readonly path: string;
  /** Authority for the upstream's Host header; empty for an HTTP/1.0 client that named none. */
  readonly host: string;
  /** `[name, value, ...]`, names in lower case, end-to-end headers only, without Host and without {@link own}. */
  readonly headers: string[];
  /** Values of forwarding and canary headers, as the client sent them; repeated ones joined by commas. */
  readonly own: Map<string, string> | null;
  /** Bytes of the body, 0 for none, `CHUNKED` (-1) when it comes in chunks. */
  readonly bodyLength: number;
  readonly expectsContinue: boolean;
  /** Lower-case value of Upgrade when Connection nominates it, else `null`. */
  readonly upgrade: string | null;

  constructor(
    method: string,
    target: string,
    path: string,
    host: string,
    headers: string[],
    own: Map<string, string> | null,
    bodyLength: number,
    expectsContinue: boolean,
    upgrade: string | null,
  ) {
    this.method = method;
    this.target = target;
    this.path = path;
    this.host = host;
    this.headers = headers;
    this.own = own;
    this.bodyLength = bodyLength;
    this.expectsContinue = expectsContinue;
    this.upgrade = upgrade;
  }

  get hasBody(): boolean {
    return this.bodyLength !== 0;
  }

  /** The request is about Serin itself, not about anything behind it: it goes no further. */
  get endsHere(): boolean {
    return this.path === "*" || this.method === "TRACE";
  }
}

/**
 * Checks one request.
 *
 * @param rawHeaders flat `[name, value, ...]` as received, one character per byte
 * @param identityNames headers that carry identities, in lower case: Connection cannot nominate them away
 * @returns the request to forward, or the refusal
 */
export function guardRequest(
  method: string,
  rawTarget: string,
  httpMajor: number,
  httpMinor: number,
  rawHeaders: readonly string[],
  limits: Pick<LimitSettings, "maxHeaders" | "maxTargetBytes" | "maxBodyBytes">,
  identityNames: ReadonlySet<string>,
): RequestHead | Failure {
  if (httpMajor !== 1) return httpMajor === 0 ? FAILURES.bad_request : FAILURES.version_not_supported;
  if (rawTarget.length > limits.maxTargetBytes) return FAILURES.target_too_long;
  if (rawHeaders.length > limits.maxHeaders * 2) return FAILURES.headers_too_large;
  if (method === "CONNECT") return FAILURES.method_not_allowed;
  if (!isToken(method)) return FAILURES.bad_request;

  const headers: string[] = [];
  let own: Map<string, string> | null = null;
  let host: string | null = null;
  let contentLength: string | null = null;
  let transferEncoding: string | null = null;
  let connection: string | null = null;
  let upgrade: string | null = null;
  let expect: string | null = null;
  let maxForwards: string | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const rawName = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    if (!isToken(rawName) || !isFieldValue(value)) return FAILURES.bad_header;
    const name = rawName.toLowerCase();
    switch (roleOf(name)) {
      case undefined:
        if (!isTwin(name, identityNames)) headers.push(name, value);
        break;
      case HeaderRole.host:
        // RFC 9112 §3.2: more than one Host line is refused, even when they agree.
        if (host !== null) return FAILURES.bad_host;
        host = value;
        break;
      case HeaderRole.contentLength:
        // RFC 9112 §6.3: a recipient may refuse equal duplicates; one that passes them on lets two parsers disagree.
        if (contentLength !== null) return FAILURES.bad_framing;
        contentLength = value;
        break;
      case HeaderRole.transferEncoding:
        transferEncoding = join(transferEncoding, value);
        break;
      case HeaderRole.connection:
        connection = join(connection, value);
        break;
      case HeaderRole.upgrade:
        upgrade = join(upgrade, value);
        break;
      case HeaderRole.expect:
        expect = join(expect, value);
        break;
      case HeaderRole.maxForwards:
        if (maxForwards !== null) return FAILURES.bad_header;
        maxForwards = value;
        break;
      case HeaderRole.own:
        own ??= new Map();
        own.set(name, join(own.get(name) ?? null, value));
        break;
      default:
        break;
    }
  }

  const bodyLength = frameBody(contentLength, transferEncoding, httpMinor);
  if (typeof bodyLength !== "number") return bodyLength;
  if (bodyLength > limits.maxBodyBytes) return FAILURES.body_too_large;

  const target = parseTarget(rawTarget, method);
  if (target === null) return FAILURES.bad_target;
  // RFC 9112 §3.2: HTTP/1.1 needs a Host line, also beside an absolute-form target, and it must be valid.
  if (host === null ? httpMinor > 0 : !isAuthority(host)) return FAILURES.bad_host;

  const isUpgrade = upgrade !== null && connection !== null && listHas(connection, "upgrade");
  if (isUpgrade && bodyLength !== 0) return FAILURES.bad_framing;
  // RFC 9110 §10.1.1: an expectation in an HTTP/1.0 request is ignored.
  const expects = expect !== null && httpMinor > 0;
  if (expects && expect?.toLowerCase() !== "100-continue") return FAILURES.expectation_failed;

  let { path } = target;
  if (method === "TRACE" || method === "OPTIONS") {
    const hops = readHops(maxForwards);
    if (hops === -1) return FAILURES.bad_header;
    // TRACE is answered when it is meant for us; letting it pass would show clients what proxies add.
    if (method === "TRACE" && hops !== 0) return FAILURES.method_not_allowed;
    // RFC 9110 §9.3.8: no body in a TRACE request.
    if (method === "TRACE" && bodyLength !== 0) return FAILURES.bad_framing;
    if (hops === 0) path = "*";
    else if (hops !== null) headers.push("max-forwards", String(hops - 1));
  } else if (maxForwards !== null) {
    headers.push("max-forwards", maxForwards);
  }
  return new RequestHead(
    method,
    target.text,
    path,
    target.authority ?? host ?? "",
    connection === null ? headers : dropNominated(headers, connection, identityNames),
    own,
    bodyLength,
    expects,
    isUpgrade && upgrade !== null ? upgrade.toLowerCase() : null,
  );
}

function join(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

/** Max-Forwards (RFC 9110 §7.6.2): `null` without one, -1 when it is no number. */
function readHops(maxForwards: string | null): number | null {
  return maxForwards === null ? null : (parseDecimal(maxForwards) ?? -1);
}

/** RFC 9110 §7.6.1: what Connection nominates ends here, but for what frames, routes or identifies the request. */
function dropNominated(headers: string[], connection: string, identityNames: ReadonlySet<string>): string[] {
  const lower = connection.toLowerCase();
  if (lower === "keep-alive" || lower === "close") return headers;
  const nominated = new Set(lower.split(",").map((token) => token.trim()));
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    if (!nominated.has(name) || identityNames.has(name)) kept.push(name, headers[i + 1] ?? "");
  }
  return kept;
}
