import type { FailureKind } from "../telemetry/series.ts";

/** Who is to blame: the client, the version behind, or Serin itself. */
export type FailureSource = "client" | "upstream" | "ours";

/** One row of the catalogue of everything that Serin answers by itself; documented in docs/errors.md. */
export interface Failure {
  readonly code: string;
  readonly source: FailureSource;
  readonly status: number;
  /** A safe, bodyless request may be tried again after it. */
  readonly retryable: boolean;
  /** Label of `serin_upstream_failures_total`; `null` when no version is at fault. */
  readonly kind: FailureKind | null;
  /** The sentence that the client sees. Nothing internal. */
  readonly message: string;
  /** The connection cannot be used further. */
  readonly close: boolean;
}

function client(code: string, status: number, message: string): Failure {
  return { code, source: "client", status, retryable: false, kind: null, message, close: true };
}

function upstream(
  code: string,
  status: number,
  kind: FailureKind,
  retryable: boolean,
  message: string,
): Failure {
  return { code, source: "upstream", status, retryable, kind, message, close: false };
}

function ours(code: string, status: number, message: string): Failure {
  return { code, source: "ours", status, retryable: false, kind: null, message, close: false };
}

/** The catalogue, by code. Every answer that is not an upstream's own comes from here. */
export const FAILURES = {
  bad_request: client("bad_request", 400, "The request is not valid HTTP."),
  bad_target: client("bad_target", 400, "The request target is not valid."),
  bad_host: client("bad_host", 400, "The Host header is missing, repeated or not valid."),
  bad_framing: client("bad_framing", 400, "Content-Length or Transfer-Encoding is not valid."),
  bad_upgrade: client("bad_upgrade", 400, "The upgrade is not valid."),
  bad_header: client("bad_header", 400, "A header is not valid."),
  method_not_allowed: client("method_not_allowed", 405, "The method is not supported."),
  request_timeout: client("request_timeout", 408, "The request did not arrive in time."),
  body_too_large: client("body_too_large", 413, "The request body is too large."),
  target_too_long: client("target_too_long", 414, "The request target is too long."),
  expectation_failed: client("expectation_failed", 417, "The expectation cannot be met."),
  headers_too_large: client("headers_too_large", 431, "The request headers are too large."),
  client_closed: client("client_closed", 499, "The client went away."),
  unknown_coding: client("unknown_coding", 501, "The transfer coding is not supported."),
  version_not_supported: client("version_not_supported", 505, "The HTTP version is not supported."),
  upstream_connect: upstream("upstream_connect", 502, "connect", true, "The service could not be reached."),
  upstream_dns: upstream("upstream_dns", 502, "dns", true, "The service could not be found."),
  upstream_tls: upstream("upstream_tls", 502, "tls", true, "The service could not be trusted."),
  upstream_reset: upstream("upstream_reset", 502, "reset", true, "The service closed the connection."),
  upstream_protocol: upstream(
    "upstream_protocol",
    502,
    "protocol",
    true,
    "The service gave an invalid answer.",
  ),
  upstream_truncated: upstream(
    "upstream_truncated",
    502,
    "truncated",
    false,
    "The service cut its answer short.",
  ),
  upstream_connect_timeout: upstream(
    "upstream_connect_timeout",
    504,
    "connect_timeout",
    true,
    "The service could not be reached in time.",
  ),
  upstream_timeout: upstream(
    "upstream_timeout",
    504,
    "headers_timeout",
    true,
    "The service did not answer in time.",
  ),
  upstream_body_timeout: upstream(
    "upstream_body_timeout",
    504,
    "body_timeout",
    false,
    "The service stopped in its answer.",
  ),
  queue_full: upstream("queue_full", 503, "queue_full", true, "The service is busy."),
  queue_timeout: upstream("queue_timeout", 503, "queue_timeout", true, "The service is busy."),
  overloaded: ours("overloaded", 503, "Too many connections."),
  unavailable: ours("unavailable", 503, "No version of the service can be reached."),
  loop: ours("loop", 508, "The request came back to where it had been."),
  internal: ours("internal", 500, "Something went wrong here."),
} as const satisfies Record<string, Failure>;

const BY_ERROR_CODE: ReadonlyMap<string, Failure> = new Map<string, Failure>([
  ["ECONNREFUSED", FAILURES.upstream_connect],
  ["EHOSTUNREACH", FAILURES.upstream_connect],
  ["ENETUNREACH", FAILURES.upstream_connect],
  ["EADDRNOTAVAIL", FAILURES.upstream_connect],
  // Serin itself is out of file descriptors: no version is at fault.
  ["EMFILE", FAILURES.overloaded],
  ["ENFILE", FAILURES.overloaded],
  ["ETIMEDOUT", FAILURES.upstream_connect_timeout],
  ["UND_ERR_CONNECT_TIMEOUT", FAILURES.upstream_connect_timeout],
  ["ENOTFOUND", FAILURES.upstream_dns],
  ["EAI_AGAIN", FAILURES.upstream_dns],
  ["ECONNRESET", FAILURES.upstream_reset],
  ["EPIPE", FAILURES.upstream_reset],
  ["UND_ERR_SOCKET", FAILURES.upstream_reset],
  ["UND_ERR_CLOSED", FAILURES.upstream_reset],
  ["UND_ERR_DESTROYED", FAILURES.upstream_reset],
  ["UND_ERR_HEADERS_TIMEOUT", FAILURES.upstream_timeout],
  ["UND_ERR_BODY_TIMEOUT", FAILURES.upstream_body_timeout],
  ["UND_ERR_HEADERS_OVERFLOW", FAILURES.upstream_protocol],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", FAILURES.upstream_truncated],
  ["UND_ERR_RES_EXCEEDED_MAX_SIZE", FAILURES.upstream_protocol],
]);

/**
 * Maps an error that undici or the socket layer reports for a request to the catalogue, by its code alone. Unknown
 * codes are protocol failures of the upstream: its parser's codes (`HPE_*`) are many.
 */
export function failureOfError(error: unknown): Failure {
  const code = errorCode(error);
  const known = BY_ERROR_CODE.get(code);
  if (known !== undefined) return known;
  if (code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL") || TLS_CODES.has(code))
    return FAILURES.upstream_tls;
  return FAILURES.upstream_protocol;
}

const TLS_CODES: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  // Happy-eyeballs failures come as an AggregateError that carries the code of its members.
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" ? code : "";
}

const BY_PARSER_CODE: ReadonlyMap<string, Failure> = new Map<string, Failure>([
  ["HPE_HEADER_OVERFLOW", FAILURES.headers_too_large],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", FAILURES.body_too_large],
  ["HPE_INVALID_VERSION", FAILURES.version_not_supported],
  ["HPE_PAUSED_H2_UPGRADE", FAILURES.version_not_supported],
  ["ERR_HTTP_REQUEST_TIMEOUT", FAILURES.request_timeout],
  // The client closed its side before what it sent was whole.
  ["HPE_INVALID_EOF_STATE", FAILURES.client_closed],
  ["HPE_INVALID_CONTENT_LENGTH", FAILURES.bad_framing],
  ["HPE_UNEXPECTED_CONTENT_LENGTH", FAILURES.bad_framing],
  ["HPE_INVALID_TRANSFER_ENCODING", FAILURES.bad_framing],
  ["HPE_INVALID_CHUNK_SIZE", FAILURES.bad_framing],
]);

/**
 * Maps an error that Node reports for a client's connection (`clientError`) to the catalogue; `null` when it is the
 * socket that failed, not what came over it.
 */
export function failureOfParserError(error: unknown): Failure | null {
  const code = errorCode(error);
  const known = BY_PARSER_CODE.get(code);
  if (known === FAILURES.headers_too_large && brokeInRequestLine(error)) return FAILURES.target_too_long;
  if (known !== undefined) return known;
  return code.startsWith("HPE_") ? FAILURES.bad_request : null;
}

const LINE_FEED = 0x0a;
/** `METHOD /` or `METHOD scheme:`. */
const REQUEST_LINE_START = /^[A-Z]{1,20} (?:\/|https?:)/i;

/**
 * Whether the bytes that were too many are one request line. Node bounds request line and headers together and does
 * not say which it was; the packet tells, unless the line came in several.
 */
function brokeInRequestLine(error: unknown): boolean {
  const packet: unknown =
    typeof error === "object" && error !== null ? Reflect.get(error, "rawPacket") : null;
  if (!Buffer.isBuffer(packet) || packet.includes(LINE_FEED)) return false;
  return REQUEST_LINE_START.test(packet.toString("latin1", 0, 32));
}
