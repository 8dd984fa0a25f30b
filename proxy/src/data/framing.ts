import { isToken } from "./characters.ts";
import { FAILURES } from "./failure.ts";
import type { Failure } from "./failure.ts";

/** Length of a body that comes in chunks: unknown until the last. */
export const CHUNKED = -1;

/**
 * Where a request's body ends (RFC 9112 §6). There must be exactly one way to tell: whatever two parsers could read
 * differently is refused.
 *
 * @param contentLength value of the only Content-Length line, `null` without one
 * @param transferEncoding all Transfer-Encoding values joined by commas, `null` without one
 * @returns bytes of the body, {@link CHUNKED}, or the refusal
 */
export function frameBody(
  contentLength: string | null,
  transferEncoding: string | null,
  httpMinor: number,
): number | Failure {
  if (transferEncoding !== null) {
    if (contentLength !== null || httpMinor === 0) return FAILURES.bad_framing;
    return transferEncoding.toLowerCase() === "chunked" ? CHUNKED : refuseCoding(transferEncoding);
  }
  if (contentLength === null) return 0;
  return parseDecimal(contentLength) ?? FAILURES.bad_framing;
}

/** `1*DIGIT` and nothing around it, to 15 digits: 16 may pass 2^53, and nothing here is that long. */
export function parseDecimal(text: string): number | null {
  if (text.length === 0 || text.length > 15) return null;
  let number = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return null;
    number = number * 10 + digit;
  }
  return number;
}

/**
 * RFC 9112 §6.1: 501 for a coding that is well-formed and unknown; 400 for what is no list of codings, and for
 * `chunked` twice or before another coding.
 */
function refuseCoding(transferEncoding: string): Failure {
  const names = transferEncoding.split(",").map((coding) => trimBlanks(coding).toLowerCase());
  if (!names.every(isToken)) return FAILURES.bad_framing;
  const chunked = names.indexOf("chunked");
  if (chunked !== -1 && chunked !== names.length - 1) return FAILURES.bad_framing;
  const known = names.every((name) => name === "chunked" || name === "identity");
  return known ? FAILURES.bad_framing : FAILURES.unknown_coding;
}

/** Takes space and tab off both ends, and nothing else: to JavaScript's `trim` a byte A0 is a blank as well. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
