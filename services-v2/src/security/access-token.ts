import { createHmac, timingSafeEqual } from "node:crypto";
import { isUuid } from "../domain/uuid.ts";

export interface AccessClaims {
  readonly userId: string;
  /** Null in tokens that belong to no session. */
  readonly sessionId: string | null;
}

export interface AccessTokens {
  /** @param nowMs milliseconds since 1970 */
  issue(claims: AccessClaims & { readonly role: string }, nowMs: number): string;
  /** The claims of a token that we or our peer signed and that has not run out, else null. */
  verify(token: string, nowMs: number): AccessClaims | null;
}

export const accessTokenSeconds = 3600;

const header = Buffer.from(JSON.stringify({ alg: "HS256", typ: "JWT" })).toString("base64url");

/**
 * HS256 JSON Web Tokens (RFC 7519) with `sub`, `role`, `sid`, `iat`, `exp`. No other algorithm is accepted, and `role` is for
 * readers only: what a caller may do follows from the database.
 */
export function createAccessTokens(secret: string): AccessTokens {
  const sign = (text: string): string => createHmac("sha256", secret).update(text).digest("base64url");
  return {
    issue({ userId, sessionId, role }, nowMs) {
      const iat = Math.floor(nowMs / 1000);
      const sid = sessionId === null ? {} : { sid: sessionId };
      const payload = { sub: userId, role, ...sid, iat, exp: iat + accessTokenSeconds };
      const signed = `${header}.${Buffer.from(JSON.stringify(payload)).toString("base64url")}`;
      return `${signed}.${sign(signed)}`;
    },
    verify(token, nowMs) {
      const [head, body, signature, ...rest] = token.split(".");
      if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return null;
      const given = Buffer.from(signature);
      const wanted = Buffer.from(sign(`${head}.${body}`));
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
      if (readObject(head)?.["alg"] !== "HS256") return null;
      const claims = readObject(body);
      const [userId, sessionId, expires] = [claims?.["sub"], claims?.["sid"] ?? null, claims?.["exp"]];
      if (!isUuid(userId) || (sessionId !== null && !isUuid(sessionId))) return null;
      return typeof expires === "number" && expires * 1000 > nowMs ? { userId, sessionId } : null;
    },
  };
}

function readObject(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : null;
  } catch {
    return null;
  }
}
