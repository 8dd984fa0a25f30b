import { listHas } from "./characters.ts";
import { FAILURES } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { RequestHead } from "./guard.ts";

/** Name by which Serin signs Via (RFC 9110 §7.6.3); finding it on arrival means a loop. */
const VIA_NAME = "serin";
export const VIA = `1.1 ${VIA_NAME}`;

/** What of the client's connection goes into the forwarding headers. */
export interface Forwarding {
  /** Address of the TCP peer. */
  readonly peer: string;
  readonly peerTrusted: boolean;
  readonly proto: "http" | "https";
  readonly requestId: string;
}

/**
 * Headers of the request as the upstream gets it, flat: end-to-end headers as they came, Host, framing, and our own
 * forwarding headers. What the client claimed about forwarding counts only when the peer is trusted.
 */
export function buildRequestHeaders(head: RequestHead, forwarding: Forwarding): string[] {
  const headers = head.headers;
  // Without one (HTTP/1.0), undici names the upstream itself.
  if (head.host !== "") headers.push("host", head.host);
  if (head.bodyLength > 0) headers.push("content-length", String(head.bodyLength));
  const own = forwarding.peerTrusted ? head.own : null;
  const before = own?.get("x-forwarded-for");
  headers.push("x-forwarded-for", before === undefined ? forwarding.peer : `${before}, ${forwarding.peer}`);
  headers.push("x-forwarded-proto", own?.get("x-forwarded-proto") ?? forwarding.proto);
  const forwardedHost = own?.get("x-forwarded-host") ?? head.host;
  if (forwardedHost !== "") headers.push("x-forwarded-host", forwardedHost);
  // The rest of the family (port, prefix, ...) is the word of whoever stands in front, or nobody's.
  if (own !== null) pushOtherForwarded(headers, own);
  const forwarded = own?.get("forwarded");
  if (forwarded !== undefined)
    headers.push("forwarded", `${forwarded}, ${forwardedElement(forwarding, head.host)}`);
  headers.push("x-request-id", forwarding.requestId);
  const via = head.own?.get("via");
  headers.push("via", via === undefined ? VIA : `${via}, ${VIA}`);
  return headers;
}

const SET_ANEW: ReadonlySet<string> = new Set(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]);

function pushOtherForwarded(headers: string[], own: ReadonlyMap<string, string>): void {
  for (const [name, value] of own) {
    if (name.startsWith("x-forwarded-") && !SET_ANEW.has(name)) headers.push(name, value);
  }
}

/** RFC 7239 §4: IPv6 addresses and hosts with a port are quoted. */
function forwardedElement(forwarding: Forwarding, host: string): string {
  const node = forwarding.peer.includes(":") ? `"[${forwarding.peer}]"` : forwarding.peer;
  return `for=${node};host="${host}";proto=${forwarding.proto}`;
}

/** Whether the request has been through a Serin already: `protocol received-by [comment]` in Via, in any case. */
export function isLoop(head: RequestHead): boolean {
  const via = head.own?.get("via");
  if (via === undefined) return false;
  const lower = via.toLowerCase();
  return lower.includes(VIA_NAME) && lower.split(",").some((hop) => receivedBy(hop.trim()) === VIA_NAME);
}

function receivedBy(hop: string): string | undefined {
  return hop
    .replaceAll("\t", " ")
    .split(" ")
    .filter((word) => word !== "")[1];
}

/** A response header list, ready for the client. */
export class ResponseHead {
  /** Flat, end-to-end headers only, as the upstream spelt them. */
  readonly headers: string[];
  /** Bytes of the body when it says so, else -1. */
  readonly contentLength: number;
  readonly isEventStream: boolean;

  constructor(headers: string[], contentLength: number, isEventStream: boolean) {
    this.headers = headers;
    this.contentLength = contentLength;
    this.isEventStream = isEventStream;
  }
}

/**
 * Takes an upstream's header list apart.
 *
 * @param raw flat list of name and value, as bytes
 * @returns the failure when its framing is ambiguous (RFC 9112 §6.3) or a value cannot be passed on
 */
export function readResponseHeaders(raw: readonly (Buffer | string)[]): ResponseHead | Failure {
  const headers: string[] = [];
  let contentLength = -1;
  let chunked = false;
  let connection: string | null = null;
  let isEventStream = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = textOf(raw[i]);
    const value = textOf(raw[i + 1]);
    switch (name.length > 19 ? "" : name.toLowerCase()) {
      case "connection":
        connection = connection === null ? value : `${connection},${value}`;
        break;
      case "keep-alive":
      case "proxy-connection":
      case "te":
      case "trailer":
      case "upgrade":
      case "x-canary-version":
        break;
      case "transfer-encoding":
        if (chunked || value.trim().toLowerCase() !== "chunked") return FAILURES.upstream_protocol;
        chunked = true;
        break;
      case "content-length": {
        if (contentLength !== -1) return FAILURES.upstream_protocol;
        const length = Number(value);
        if (value === "" || !Number.isSafeInteger(length) || length < 0) return FAILURES.upstream_protocol;
        contentLength = length;
        headers.push(name, value);
        break;
      }
      case "content-type":
        isEventStream = value.toLowerCase().startsWith("text/event-stream");
        headers.push(name, value);
        break;
      default:
        headers.push(name, value);
    }
  }
  if (chunked && contentLength !== -1) return FAILURES.upstream_protocol;
  return new ResponseHead(
    connection === null ? headers : dropNominated(headers, connection),
    contentLength,
    isEventStream,
  );
}

function textOf(bytes: Buffer | string | undefined): string {
  return typeof bytes === "string" ? bytes : (bytes?.toString("latin1") ?? "");
}

function dropNominated(headers: string[], connection: string): string[] {
  const lower = connection.toLowerCase();
  if (lower === "keep-alive" || lower === "close") return headers;
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const isFraming = name.toLowerCase() === "content-length";
    if (isFraming || !listHas(lower, name.toLowerCase())) kept.push(name, headers[i + 1] ?? "");
  }
  return kept;
}
