/** Longest identity, in UTF-8 bytes, that is hashed; the rest is cut off before hashing. */
export const MAX_IDENTITY_BYTES = 256;

/** Where an identity may come from, names in lower case. The compiled form of `split.identity`. */
export type Source =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "jwt"; readonly claim: string }
  | { readonly kind: "ip" };

/** Request headers as a flat list `[name, value, ...]`, names in lower case, values one character per byte. */
export type FlatHeaders = readonly string[];

/** Reads the first source that yields a non-empty identity; `null` when none does. */
export function readIdentity(
  sources: readonly Source[],
  headers: FlatHeaders,
  clientAddress: string,
): string | null {
  for (let i = 0; i < sources.length; i += 1) {
    const source = sources[i];
    if (source === undefined) continue;
    const identity = readSource(source, headers, clientAddress);
    if (identity !== null && identity !== "") return capIdentity(identity);
  }
  return null;
}

function readSource(source: Source, headers: FlatHeaders, clientAddress: string): string | null {
  switch (source.kind) {
    case "header": {
      const value = findHeader(headers, source.name);
      return value === null ? null : decodeHeaderText(value);
    }
    case "cookie": {
      const value = findCookie(headers, source.name);
      return value === null ? null : decodeHeaderText(value);
    }
    case "jwt":
      return readJwtClaim(findHeader(headers, "authorization"), source.claim);
    default:
      return networkOf(clientAddress);
  }
}

/** Value of the first header of that name (lower case), or `null`. */
export function findHeader(headers: FlatHeaders, name: string): string | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1] ?? null;
  }
  return null;
}

/**
 * Value of the cookie of that name over all Cookie headers. A name that is sent twice with different values yields
 * `null`: which of the two is meant cannot be known, so the client counts as new.
 */
export function findCookie(headers: FlatHeaders, name: string): string | null {
  let found: string | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "cookie") continue;
    const text = headers[i + 1] ?? "";
    let start = 0;
    // Kept from pair to pair: searched anew for each, a line of semicolons alone would cost its length squared.
    let equals = text.indexOf("=");
    while (start < text.length) {
      let end = text.indexOf(";", start);
      if (end === -1) end = text.length;
      if (equals !== -1 && equals < start) equals = text.indexOf("=", start);
      if (equals !== -1 && equals < end && text.slice(start, equals).trim() === name) {
        const value = unquote(text.slice(equals + 1, end).trim());
        if (found !== null && found !== value) return null;
        found = value;
      }
      start = end + 1;
    }
  }
  return found;
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** Longest bearer token that is looked into; a longer one yields no identity. */
const MAX_JWT_CHARACTERS = 8192;

/**
 * A claim of the bearer token's payload. The signature is not verified: the claim picks a bucket, it opens no door.
 * Strings and finite numbers count; everything else, and every token that cannot be read, yields `null`.
 */
export function readJwtClaim(authorization: string | null, claim: string): string | null {
  if (authorization === null || authorization.length > MAX_JWT_CHARACTERS) return null;
  if (authorization.slice(0, 7).toLowerCase() !== "bearer ") return null;
  const token = authorization.slice(7).trim();
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first <= 0 || second === -1) return null;
  let payload: unknown;
  try {
    payload = JSON.parse(decodeHeaderText(atob(base64Of(token.slice(first + 1, second)))));
  } catch {
    return null;
  }
  if (typeof payload !== "object" || payload === null || !Object.hasOwn(payload, claim)) return null;
  const value: unknown = Reflect.get(payload, claim);
  if (typeof value === "string") return value;
  return typeof value === "number" && Number.isFinite(value) ? String(value) : null;
}

function base64Of(base64url: string): string {
  return base64url.replaceAll("-", "+").replaceAll("_", "/");
}

/** The network that stands for a client: an IPv4 address whole, an IPv6 address cut to its /64 (`2001:db8:1:2`). */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = address.lastIndexOf(":");
  if (address.includes(".")) return address.slice(mapped + 1);
  const zone = address.indexOf("%");
  const bare = zone === -1 ? address : address.slice(0, zone);
  const gap = bare.indexOf("::");
  const head = gap === -1 ? bare.split(":") : bare.slice(0, gap).split(":").filter(nonEmpty);
  const tail =
    gap === -1
      ? []
      : bare
          .slice(gap + 2)
          .split(":")
          .filter(nonEmpty);
  const groups = gap === -1 ? head : [...head, ...zeros(8 - head.length - tail.length), ...tail];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

function nonEmpty(text: string): boolean {
  return text !== "";
}

function zeros(count: number): string[] {
  return Array.from({ length: Math.max(0, count) }, () => "0");
}

/**
 * Text of a header whose bytes came in as one character each: UTF-8 where the bytes are that, unchanged otherwise.
 * So the same user name hashes alike whether it comes in a header or is typed after `serin explain`.
 */
function decodeHeaderText(value: string): string {
  if (isAscii(value)) return value;
  const bytes = new Uint8Array(value.length);
  for (let i = 0; i < value.length; i += 1) bytes[i] = value.charCodeAt(i);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return value;
  }
}

/** Cuts an identity to its first 256 UTF-8 bytes, never within a character. */
export function capIdentity(identity: string): string {
  // A UTF-16 unit takes at most 3 bytes, so short texts cannot pass the cap.
  if (identity.length * 3 <= MAX_IDENTITY_BYTES) return identity;
  if (identity.length <= MAX_IDENTITY_BYTES && isAscii(identity)) return identity;
  const { read } = new TextEncoder().encodeInto(identity, new Uint8Array(MAX_IDENTITY_BYTES));
  return identity.slice(0, read);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) > 127) return false;
  }
  return true;
}
