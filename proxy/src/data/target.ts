import { DIGIT, HOST_NAME, IPV6, UNRESERVED, allIn } from "./characters.ts";

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
/** A DNS name of 253 characters, an escape or two, a port. */
const MAX_AUTHORITY_CHARACTERS = 261;

/** A request target taken apart. */
export interface Target {
  /** Authority of an absolute-form target, which replaces Host (RFC 9112 §3.2.2); `null` for other forms. */
  readonly authority: string | null;
  /** The path in its one spelling, or `*`. */
  readonly path: string;
  /** Path and query as the upstream gets them, or `*`. */
  readonly text: string;
}

/**
 * Reads a request target in origin-form, absolute-form or `*` (RFC 9112 §3.2); `null` for what is none of them or
 * could be read in two ways.
 */
export function parseTarget(raw: string, method: string): Target | null {
  if (raw === "*") return method === "OPTIONS" ? ASTERISK : null;
  if (!isTargetText(raw)) return null;
  let authority: string | null = null;
  let text = raw;
  if (raw.charCodeAt(0) !== SLASH) {
    const start = schemeLength(raw);
    if (start === 0) return null;
    let end = start;
    while (end < raw.length && !isAuthorityEnd(raw.charCodeAt(end))) end += 1;
    authority = raw.slice(start, end);
    if (!isAuthority(authority)) return null;
    text = raw.slice(end);
    // RFC 9112 §3.2.4: absolute-form without path stands for "OPTIONS *".
    if (text === "" && method === "OPTIONS") return { authority, path: "*", text: "*" };
    if (text.charCodeAt(0) !== SLASH) text = `/${text}`;
  }
  const query = text.indexOf("?");
  const path = normalisePath(query === -1 ? text : text.slice(0, query));
  if (path === null) return null;
  return { authority, path, text: query === -1 ? path : path + text.slice(query) };
}

const ASTERISK: Target = { authority: null, path: "*", text: "*" };

function schemeLength(target: string): number {
  const start = target.slice(0, 8).toLowerCase();
  if (start.startsWith("http://")) return 7;
  return start === "https://" ? 8 : 0;
}

/** `/` or `?`; a fragment has been refused. */
function isAuthorityEnd(code: number): boolean {
  return code === SLASH || code === 0x3f;
}

/** `host` or `host:port` (RFC 3986 §3.2): a name, an IPv4 address or an IPv6 literal; no user info. */
export function isAuthority(text: string): boolean {
  if (text.length === 0 || text.length > MAX_AUTHORITY_CHARACTERS) return false;
  let end: number;
  if (text.startsWith("[")) {
    end = text.indexOf("]") + 1;
    if (end < 4 || !allIn(text, 1, end - 1, IPV6)) return false;
  } else {
    end = text.indexOf(":");
    if (end === -1) end = text.length;
    if (end === 0 || !allIn(text, 0, end, HOST_NAME)) return false;
  }
  if (end === text.length) return true;
  if (text.charAt(end) !== ":") return false;
  const digits = text.length - end - 1;
  if (digits > 5 || !allIn(text, end + 1, text.length, DIGIT)) return false;
  return digits === 0 || Number(text.slice(end + 1)) <= 65_535;
}

/** RFC 9112 §3.2: visible ASCII, no fragment. */
function isTargetText(target: string): boolean {
  for (let i = 0; i < target.length; i += 1) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === 0x23) return false;
  }
  return target.length > 0;
}

/**
 * The one spelling of a path that both the routes and the upstream see (RFC 3986 §6.2.2): percent-encoded unreserved
 * characters are decoded, the other escapes written in upper case. `null` for what two readers could take for
 * different paths: dot segments, encoded or not, an encoded NUL, slash or backslash, a backslash, a broken escape.
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
      if (code === -1 || code === 0 || code === SLASH || code === BACKSLASH) return null;
      if (UNRESERVED[code] === 1) result += String.fromCharCode(code);
      else result += path.slice(i, i + 3).toUpperCase();
      i += 2;
    }
  }
  if (result.includes("\\")) return null;
  // A dot segment needs "/." somewhere; nearly no path has it.
  if (result.includes("/.")) {
    for (const segment of result.split("/")) {
      // "..;a" is a dot segment to servers that cut path parameters off.
      const semicolon = segment.indexOf(";");
      const name = semicolon === -1 ? segment : segment.slice(0, semicolon);
      if (name === "." || name === "..") return null;
    }
  }
  return result;
}

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
