import type { LimitSettings } from "../config/snapshot.ts";
import { FAILURES } from "./failure.ts";
import type { Failure } from "./failure.ts";

/**
 * The guard stands before dispatch. It reads request line and header list once and either refuses the request or
 * turns it into a {@link RequestHead} that nothing behind it can choke on: whatever undici would throw for is refused
 * here, with the right status. It works on plain values, not on Node's request object.
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
  /** Our own or forwarding headers: read, taken out, and set anew when the request goes on. */
  forwarded: 8,
  /** An underscore twin of one of those: dropped, since many servers read `_` and `-` alike. */
  twin: 9,
} as const;

const OWN_NAMES = [
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-real-ip",
  "x-request-id",
  "forwarded",
  "via",
  "x-canary",
  "x-canary-token",
  "x-canary-version",
] as const;

const KINDS: ReadonlyMap<string, number> = new Map<string, number>([
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
  ...OWN_NAMES.map((name): [string, number] => [name, HeaderRole.forwarded]),
  ...OWN_NAMES.filter((name) => name.includes("-")).map((name): [string, number] => [
    name.replaceAll("-", "_"),
    HeaderRole.twin,
  ]),
  ["content_length", HeaderRole.twin],
  ["transfer_encoding", HeaderRole.twin],
]);

/** Length of the body: unknown until the last chunk. */
export const CHUNKED = -1;

/** A request that the guard let through. */
export class RequestHead {
  readonly method: string;
  /** Origin-form, as the upstream gets it: path and query. */
  target: string;
  /** The path alone, percent-encoded unreserved characters decoded: routes match this, and the upstream gets it. */
  path: string;
  /** Authority for the upstream's Host header. */
  host: string;
  /** `[name, value, ...]`, names in lower case, end-to-end headers only, without Host and without {@link own}. */
  headers: string[];
  /** Values of forwarding and canary headers, as the client sent them; last one wins, lists are joined. */
  readonly own: Map<string, string> | null;
  /** Bytes of the body, 0 for none, {@link CHUNKED} when it comes in chunks. */
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
  httpMinor: number,
  rawHeaders: readonly string[],
  limits: Pick<LimitSettings, "maxHeaders" | "maxTargetBytes" | "maxBodyBytes">,
  identityNames: ReadonlySet<string>,
): RequestHead | Failure {
  if (rawTarget.length > limits.maxTargetBytes) return FAILURES.target_too_long;
  if (rawHeaders.length > limits.maxHeaders * 2) return FAILURES.headers_too_large;
  if (method === "CONNECT" || method === "TRACE") return FAILURES.method_not_allowed;
  if (!isToken(method)) return FAILURES.bad_request;

  const headers: string[] = [];
  let own: Map<string, string> | null = null;
  let host: string | null = null;
  let contentLength: string | null = null;
  let transferEncoding: string | null = null;
  let connection: string | null = null;
  let upgrade: string | null = null;
  let expect: string | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const rawName = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    if (!isToken(rawName) || !isFieldValue(value)) return FAILURES.bad_header;
    const name = rawName.toLowerCase();
    switch (KINDS.get(name)) {
      case undefined:
        headers.push(name, value);
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
        transferEncoding = transferEncoding === null ? value : `${transferEncoding}, ${value}`;
        break;
      case HeaderRole.connection:
        connection = connection === null ? value : `${connection},${value}`;
        break;
      case HeaderRole.upgrade:
        upgrade = upgrade === null ? value : `${upgrade}, ${value}`;
        break;
      case HeaderRole.expect:
        if (expect !== null) return FAILURES.expectation_failed;
        expect = value;
        break;
      case HeaderRole.forwarded: {
        own ??= new Map();
        const before = own.get(name);
        own.set(name, before === undefined ? value : `${before}, ${value}`);
        break;
      }
      default:
        break;
    }
  }

  const bodyLength = frameBody(contentLength, transferEncoding, httpMinor);
  if (typeof bodyLength !== "number") return bodyLength;
  if (bodyLength > limits.maxBodyBytes) return FAILURES.body_too_large;

  let target = rawTarget;
  if (target.charCodeAt(0) !== SLASH && target !== "*") {
    const absolute = parseAbsoluteForm(target);
    if (absolute === null) return FAILURES.bad_target;
    // RFC 9112 §3.2.2: the target's authority replaces Host.
    if (host === null && httpMinor > 0) return FAILURES.bad_host;
    host = absolute.authority;
    target = absolute.target;
  }
  if (target === "*" && method !== "OPTIONS") return FAILURES.bad_target;
  if (host === null) {
    if (httpMinor > 0) return FAILURES.bad_host;
    host = "";
  } else if (!isAuthority(host)) {
    return FAILURES.bad_host;
  }

  const query = target.indexOf("?");
  const path = normalisePath(query === -1 ? target : target.slice(0, query));
  if (path === null || !isTargetText(target)) return FAILURES.bad_target;
  if (query === -1) target = path;
  else target = path + target.slice(query);

  const isUpgrade = upgrade !== null && connection !== null && listHas(connection, "upgrade");
  if (isUpgrade && bodyLength !== 0) return FAILURES.bad_framing;
  let expectsContinue = false;
  if (expect !== null) {
    if (expect.toLowerCase() !== "100-continue") return FAILURES.expectation_failed;
    expectsContinue = true;
  }
  return new RequestHead(
    method,
    target,
    path,
    host,
    connection === null ? headers : dropNominated(headers, connection, identityNames),
    own,
    bodyLength,
    expectsContinue,
    isUpgrade && upgrade !== null ? upgrade.toLowerCase() : null,
  );
}

/** RFC 9112 §6: exactly one way to say where the body ends. */
function frameBody(
  contentLength: string | null,
  transferEncoding: string | null,
  httpMinor: number,
): number | Failure {
  if (transferEncoding !== null) {
    if (contentLength !== null || httpMinor === 0) return FAILURES.bad_framing;
    if (transferEncoding.toLowerCase() === "chunked") return CHUNKED;
    for (const coding of transferEncoding.split(",")) {
      const name = coding.trim().toLowerCase();
      if (name !== "chunked" && name !== "identity")
        return isToken(name) ? FAILURES.unknown_coding : FAILURES.bad_framing;
    }
    return FAILURES.bad_framing;
  }
  if (contentLength === null) return 0;
  // 16 digits may pass 2^53 and no body is that long.
  if (contentLength.length === 0 || contentLength.length > 15) return FAILURES.bad_framing;
  let length = 0;
  for (let i = 0; i < contentLength.length; i += 1) {
    const digit = contentLength.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return FAILURES.bad_framing;
    length = length * 10 + digit;
  }
  return length;
}

const SLASH = 0x2f;

function parseAbsoluteForm(target: string): { authority: string; target: string } | null {
  const lower = target.slice(0, 8).toLowerCase();
  const start = lower.startsWith("http://") ? 7 : lower.startsWith("https://") ? 8 : 0;
  if (start === 0) return null;
  let end = start;
  while (end < target.length && !"/?#".includes(target.charAt(end))) end += 1;
  const authority = target.slice(start, end);
  const rest = target.slice(end);
  if (authority === "" || !isAuthority(authority)) return null;
  return { authority, target: rest.startsWith("/") ? rest : `/${rest}` };
}

/** `host` or `host:port` (RFC 3986 §3.2): a name, an IPv4 address or an IPv6 literal; no user info. */
export function isAuthority(text: string): boolean {
  if (text.length === 0 || text.length > 261) return false;
  let end: number;
  if (text.startsWith("[")) {
    end = text.indexOf("]") + 1;
    if (end < 4 || !allIn(text, 1, end - 1, IPV6_CHARACTER)) return false;
  } else {
    end = text.indexOf(":");
    if (end === -1) end = text.length;
    if (end === 0 || !allIn(text, 0, end, NAME_CHARACTER)) return false;
  }
  if (end === text.length) return true;
  if (text.charAt(end) !== ":") return false;
  const digits = text.length - end - 1;
  if (digits > 5 || !allIn(text, end + 1, text.length, DIGIT)) return false;
  return digits === 0 || Number(text.slice(end + 1)) <= 65_535;
}

function characters(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < text.length; i += 1) table[text.charCodeAt(i)] = 1;
  return table;
}

const ALNUM = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGIT = characters("0123456789");
const IPV6_CHARACTER = characters("0123456789abcdefABCDEF:.");
const NAME_CHARACTER = characters(`${ALNUM}-._~%!$&'()*+;=`);
/** RFC 9110 §5.6.2. */
const TOKEN_CHARACTER = characters(`${ALNUM}!#$%&'*+-.^_\`|~`);

function allIn(text: string, start: number, end: number, table: Uint8Array): boolean {
  for (let i = start; i < end; i += 1) {
    if (table[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

function isToken(text: string): boolean {
  return text.length > 0 && allIn(text, 0, text.length, TOKEN_CHARACTER);
}

/** RFC 9110 §5.5: no control characters but tab. */
function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

/** RFC 9112 §3.2: visible ASCII, no fragment. */
function isTargetText(target: string): boolean {
  for (let i = 0; i < target.length; i += 1) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === 0x23) return false;
  }
  return true;
}

/**
 * The one spelling of a path that both the routes and the upstream see (RFC 3986 §6.2.2): percent-encoded unreserved
 * characters are decoded. `null` for what two readers could take for different paths: dot segments, encoded or not,
 * an encoded NUL, slash or backslash, a backslash, a broken escape.
 */
export function normalisePath(path: string): string | null {
  let result = path;
  if (path.includes("%")) {
    result = "";
    for (let i = 0; i < path.length; i += 1) {
      const character = path.charAt(i);
      if (character !== "%") {
        result += character;
        continue;
      }
      const code = hexByte(path, i + 1);
      if (code === -1 || code === 0 || code === SLASH || code === 0x5c) return null;
      if (UNRESERVED[code] === 1) result += String.fromCharCode(code);
      else result += path.slice(i, i + 3).toUpperCase();
      i += 2;
    }
  }
  if (result.includes("\\")) return null;
  // A dot segment needs "/." somewhere; nearly no path has it.
  if (result.includes("/.")) {
    for (const segment of result.split("/")) {
      if (segment === "." || segment === "..") return null;
    }
  }
  return result;
}

const UNRESERVED = characters(`${ALNUM}-._~`);

function hexByte(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at));
  const low = hexDigit(text.charCodeAt(at + 1));
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Whether a comma-separated list holds the token, in any case. */
export function listHas(list: string, token: string): boolean {
  const lower = list.toLowerCase();
  if (lower === token) return true;
  if (!lower.includes(token)) return false;
  return lower.split(",").some((item) => item.trim() === token);
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
