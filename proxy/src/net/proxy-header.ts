import { isIP } from "node:net";

/**
 * The PROXY protocol's header (haproxy.org, proxy-protocol.txt, versions 1 and 2): what a load balancer that passes
 * bytes on says of the client, ahead of the client's own bytes.
 */
export type ProxyHeader =
  /** Not whole yet. */
  | { readonly state: "partial" }
  | { readonly state: "bad" }
  | {
      readonly state: "whole";
      /** Bytes that it takes up. */
      readonly length: number;
      /** The client's address; `null` when the sender speaks for itself (health checks) or does not know. */
      readonly address: string | null;
    };

const PARTIAL: ProxyHeader = { state: "partial" };
const BAD: ProxyHeader = { state: "bad" };

const SIGNATURE_V2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const FIXED_BYTES_V2 = 16;
/** Addresses and extensions of a version 2 header; more is not a header any more. */
const MAX_BODY_BYTES_V2 = 4_096;
/** Longest version 1 line, CRLF included. */
const MAX_LINE_BYTES = 107;

/** Reads the header at the start of what a peer has sent so far. */
export function readProxyHeader(data: Buffer): ProxyHeader {
  const compared = Math.min(data.length, SIGNATURE_V2.length);
  if (data.subarray(0, compared).equals(SIGNATURE_V2.subarray(0, compared)))
    return compared < SIGNATURE_V2.length ? PARTIAL : readVersion2(data);
  return readVersion1(data);
}

function readVersion1(data: Buffer): ProxyHeader {
  const line = data.toString("latin1", 0, MAX_LINE_BYTES);
  const start = "PROXY ";
  const compared = Math.min(line.length, start.length);
  if (line.slice(0, compared) !== start.slice(0, compared)) return BAD;
  const end = line.indexOf("\r\n");
  if (end === -1) return data.length < MAX_LINE_BYTES ? PARTIAL : BAD;
  const [, family, source = "", destination = "", sourcePort = "", port = "", ...more] = line
    .slice(0, end)
    .split(" ");
  const length = end + 2;
  if (family === "UNKNOWN") return { state: "whole", length, address: null };
  const isAddress = family === "TCP4" ? isIPv4Text : isIPv6Text;
  const isWellFormed =
    (family === "TCP4" || family === "TCP6") &&
    more.length === 0 &&
    isAddress(source) &&
    isAddress(destination) &&
    isPort(sourcePort) &&
    isPort(port);
  return isWellFormed ? { state: "whole", length, address: source } : BAD;
}

function readVersion2(data: Buffer): ProxyHeader {
  if (data.length < FIXED_BYTES_V2) return PARTIAL;
  const versionAndCommand = data.readUInt8(12);
  const family = data.readUInt8(13);
  const bodyBytes = data.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || bodyBytes > MAX_BODY_BYTES_V2) return BAD;
  const length = FIXED_BYTES_V2 + bodyBytes;
  if (data.length < length) return PARTIAL;
  const command = versionAndCommand & 0xf;
  if (command === 0) return { state: "whole", length, address: null };
  if (command !== 1) return BAD;
  switch (family) {
    case 0x11:
      if (bodyBytes < 12) return BAD;
      return { state: "whole", length, address: [...data.subarray(16, 20)].join(".") };
    case 0x21: {
      if (bodyBytes < 36) return BAD;
      const groups = Array.from({ length: 8 }, (_, i) => data.readUInt16BE(16 + 2 * i).toString(16));
      return { state: "whole", length, address: groups.join(":") };
    }
    default:
      // Unspecified, UDP or a Unix socket: a connection that says nothing about where it comes from.
      return { state: "whole", length, address: null };
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

function isIPv4Text(text: string): boolean {
  return isIP(text) === 4;
}

function isIPv6Text(text: string): boolean {
  return isIP(text) === 6;
}
