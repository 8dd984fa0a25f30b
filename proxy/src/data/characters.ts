/** A set of bytes: 1 at the place of each that is in it. */
type ByteSet = Uint8Array;

function bytes(text: string): ByteSet {
  const set = new Uint8Array(256);
  for (let i = 0; i < text.length; i += 1) set[text.charCodeAt(i)] = 1;
  return set;
}

const ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

export const DIGIT = bytes("0123456789");
/** RFC 3986 §2.3. */
export const UNRESERVED = bytes(`${ALPHANUMERIC}-._~`);
/** `reg-name` of RFC 3986 §3.2.2, but for the comma: a list of hosts is no host. */
export const HOST_NAME = bytes(`${ALPHANUMERIC}-._~%!$&'()*+;=`);
/** What stands within the brackets of an IPv6 literal. */
export const IPV6 = bytes("0123456789abcdefABCDEF:.");
/** RFC 9110 §5.6.2. */
const TOKEN = bytes(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~`);

/** Whether every character from `start` to before `end` is in the set. */
export function allIn(text: string, start: number, end: number, set: ByteSet): boolean {
  for (let i = start; i < end; i += 1) {
    if (set[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

export function isToken(text: string): boolean {
  return text.length > 0 && allIn(text, 0, text.length, TOKEN);
}

/** RFC 9110 §5.5: one character per byte, and no control characters but tab. */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

/** Whether a comma-separated list holds the token (in lower case), in any case. */
export function listHas(list: string, token: string): boolean {
  const lower = list.toLowerCase();
  if (lower === token) return true;
  if (!lower.includes(token)) return false;
  return lower.split(",").some((item) => item.trim() === token);
}
