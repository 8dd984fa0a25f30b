import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const accessTokenSeconds = 3600;
export const refreshTokenSeconds = 24 * 3600;

export interface AccessClaims {
  /** User id. */
  readonly sub: string;
  readonly role: string;
  /** Session id; tokens without one are not bound to a session. */
  readonly sid?: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;
const header = encode({ alg: "HS256", typ: "JWT" });

/** Any version, either case; the form in which PostgreSQL prints them. */
export function isUuid(text: unknown): text is string {
  return typeof text === "string" && uuid.test(text);
}

/** Signs an HS256 JWT (RFC 7519) that lives one hour. */
export function signAccessToken(
  claims: { readonly sub: string; readonly role: string; readonly sid: string },
  secret: string,
  nowMs: number,
): string {
  const iat = Math.floor(nowMs / 1000);
  const { sub, role, sid } = claims;
  const signed = `${header}.${encode({ sub, role, sid, iat, exp: iat + accessTokenSeconds })}`;
  return `${signed}.${signature(signed, secret)}`;
}

/** The claims of a valid, live token, or undefined. Only HS256 is accepted, whatever else the header says. */
export function verifyAccessToken(token: string, secret: string, nowMs: number): AccessClaims | undefined {
  const parts = token.split(".");
  const [head, payload, given] = parts;
  if (parts.length !== 3 || head === undefined || payload === undefined || given === undefined)
    return undefined;
  const expected = Buffer.from(signature(`${head}.${payload}`, secret));
  const actual = Buffer.from(given);
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined;
  if (decode(head)?.["alg"] !== "HS256") return undefined;
  const claims = decode(payload);
  if (claims === undefined) return undefined;
  const { sub, role, sid, iat, exp } = claims;
  if (!isUuid(sub) || typeof exp !== "number" || exp <= nowMs / 1000) return undefined;
  if (sid !== undefined && !isUuid(sid)) return undefined;
  return {
    sub,
    role: typeof role === "string" ? role : "",
    ...(sid === undefined ? {} : { sid }),
    iat: typeof iat === "number" ? iat : 0,
    exp,
  };
}

/** 32 random bytes, base64url. */
export function createRefreshToken(): string {
  return randomBytes(32).toString("base64url");
}

export function createApiKey(): string {
  return `cms_${randomBytes(32).toString("base64url")}`;
}

/** What is stored instead of a refresh token or an API key: its SHA-256 in hex. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function signature(text: string, secret: string): string {
  return createHmac("sha256", secret).update(text).digest("base64url");
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
