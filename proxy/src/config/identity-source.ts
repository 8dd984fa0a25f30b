import type { IdentitySource } from "./snapshot.ts";

/** RFC 9110 section 5.6.2: what a header's or a cookie's name may consist of. */
export const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const claimPattern = /^[A-Za-z0-9_.:/-]{1,128}$/;

/**
 * Parses one entry of `split.identity`: `header:NAME`, `jwt:CLAIM`, `cookie:NAME` or `ip`. Header names come out in lower
 * case, as Node hands them over; cookies and claims keep theirs, since both are case-sensitive.
 *
 * @returns null when the text is none of these.
 */
export function parseIdentitySource(text: string): IdentitySource | null {
  if (text === "ip") {
    return { kind: "ip" };
  }
  const colon = text.indexOf(":");
  const kind = text.slice(0, Math.max(colon, 0));
  const name = text.slice(colon + 1);
  if (kind === "header" && tokenPattern.test(name)) {
    return { kind, name: name.toLowerCase() };
  }
  if (kind === "cookie" && tokenPattern.test(name)) {
    return { kind, name };
  }
  if (kind === "jwt" && claimPattern.test(name)) {
    return { kind, claim: name };
  }
  return null;
}
