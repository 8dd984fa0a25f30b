/**
 * A strict reader of HTTP/1.1 requests (RFC 9112), written on its own: it shares no code with Serin, Node or undici,
 * so that what it reads from bytes can be held against what they made of the same bytes. It accepts less than the
 * RFC does and never repairs anything.
 */

/** A request as read from bytes, one character per byte. */
export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  /** Names in lower case, values without blanks around them, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly chunked: boolean;
  /** Trailer lines, names in lower case. */
  readonly trailers: readonly (readonly [string, string])[];
}

/** What a reader finds at the start of some bytes. */
export type Reading =
  | { readonly kind: "request"; readonly request: ParsedRequest; readonly length: number }
  /** Well-formed so far, but not whole. */
  | { readonly kind: "partial" }
  | { readonly kind: "malformed"; readonly why: string };

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
/** RFC 9112 §3 lets a server take more than one space in a request line; what goes upstream has exactly one. */
const SPACED_REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) +([\x21-\x7e\x80-\xff]+) +(?=HTTP\/)/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_LINE = /^0*([0-9A-Fa-f]{1,15})((?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?)$/;

/**
 * Reads one request from the start of bytes that a client sends: as {@link readRequest}, but empty lines before it are
 * skipped (RFC 9112 §2.2), and more than one space may part the words of the request line.
 */
export function readClientRequest(bytes: string): Reading {
  const skipped = /^[\r\n]*/.exec(bytes)?.[0].length ?? 0;
  const rest = bytes.slice(skipped);
  const text = rest.replace(SPACED_REQUEST_LINE, "$1 $2 ");
  const reading = readRequest(text);
  if (reading.kind !== "request") return reading;
  return { ...reading, length: reading.length + skipped + rest.length - text.length };
}

/** Reads one request from the start of the bytes. */
export function readRequest(bytes: string): Reading {
  const headEnd = bytes.indexOf("\r\n\r\n");
  const head = headEnd === -1 ? bytes : bytes.slice(0, headEnd);
  if (headEnd === -1) return { kind: "partial" };
  const lines = head.split("\r\n");
  const start = REQUEST_LINE.exec(lines[0] ?? "");
  if (start === null) return malformed(`request line ${JSON.stringify(lines[0])}`);
  const headers: [string, string][] = [];
  for (const line of lines.slice(1)) {
    const field = readField(line);
    if (field === null) return malformed(`header line ${JSON.stringify(line)}`);
    headers.push(field);
  }
  const minor = Number(start[3]);
  const base = { method: start[1] ?? "", target: start[2] ?? "", minor, headers };
  if (minor === 1 && valuesOf(headers, "host").length !== 1) return malformed("not one Host line");
  const lengths = valuesOf(headers, "content-length");
  const codings = valuesOf(headers, "transfer-encoding");
  const bodyStart = headEnd + 4;
  if (codings.length > 0) {
    if (lengths.length > 0 || codings.length > 1 || minor === 0) return malformed("ambiguous framing");
    if (codings[0]?.toLowerCase() !== "chunked") return malformed(`transfer-encoding ${codings[0]}`);
    return readChunked(bytes, bodyStart, base);
  }
  if (lengths.length > 1) return malformed("repeated content-length");
  const length = lengths[0] ?? "0";
  if (!/^[0-9]{1,15}$/.test(length)) return malformed(`content-length ${length}`);
  const bodyEnd = bodyStart + Number(length);
  if (bytes.length < bodyEnd) return { kind: "partial" };
  return {
    kind: "request",
    length: bodyEnd,
    request: { ...base, body: bytes.slice(bodyStart, bodyEnd), chunked: false, trailers: [] },
  };
}

function readChunked(
  bytes: string,
  start: number,
  base: Pick<ParsedRequest, "method" | "target" | "minor" | "headers">,
): Reading {
  let at = start;
  let body = "";
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return looksBroken(bytes.slice(at)) ? malformed("chunk line") : { kind: "partial" };
    const line = CHUNK_LINE.exec(bytes.slice(at, lineEnd));
    if (line === null) return malformed(`chunk line ${JSON.stringify(bytes.slice(at, lineEnd))}`);
    const size = Number.parseInt(line[1] ?? "", 16);
    at = lineEnd + 2;
    if (size === 0) return readTrailers(bytes, at, base, body);
    if (bytes.length < at + size + 2) return { kind: "partial" };
    body += bytes.slice(at, at + size);
    at += size;
    if (bytes.slice(at, at + 2) !== "\r\n") return malformed("no line end after a chunk");
    at += 2;
  }
}

function looksBroken(line: string): boolean {
  return line.includes("\n") || !/^0*[0-9A-Fa-f]{0,15}([ \t]*;[^\n]*)?[ \t]*\r?$/.test(line);
}

function readTrailers(
  bytes: string,
  start: number,
  base: Pick<ParsedRequest, "method" | "target" | "minor" | "headers">,
  body: string,
): Reading {
  const trailers: [string, string][] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return { kind: "partial" };
    const line = bytes.slice(at, lineEnd);
    at = lineEnd + 2;
    if (line === "")
      return { kind: "request", length: at, request: { ...base, body, chunked: true, trailers } };
    const field = readField(line);
    if (field === null) return malformed(`trailer line ${JSON.stringify(line)}`);
    trailers.push(field);
  }
}

function readField(line: string): [string, string] | null {
  const colon = line.indexOf(":");
  if (colon === -1) return null;
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  return TOKEN.test(name) && FIELD_VALUE.test(value) ? [name.toLowerCase(), value] : null;
}

/** All values of a header, by its name in lower case. */
export function valuesOf(headers: ParsedRequest["headers"], name: string): string[] {
  return headers.filter(([candidate]) => candidate === name).map(([, value]) => value);
}

function malformed(why: string): Reading {
  return { kind: "malformed", why };
}
