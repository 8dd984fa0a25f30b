import type { FastifyRequest } from "fastify";
import type { Role } from "../domain/role.ts";
import { isAtLeast } from "../domain/role.ts";
import type { User } from "../domain/user.ts";
import type { AccessTokens } from "../security/access-token.ts";
import type { Accounts } from "../usecases/accounts.ts";
import { Refusal } from "./refusal.ts";

/** Who has sent a request. */
export interface Caller {
  readonly user: User;
  /** Null with an API key, or with a token that belongs to no session. */
  readonly sessionId: string | null;
}

export interface RouteAccess {
  /** `anyone` never looks at credentials, `optional` takes them when sent, `required` insists. */
  readonly credentials: "anyone" | "optional" | "required";
  /** The weakest role that the route as a whole lets in. */
  readonly floor?: Role;
  /** Counts attempts per client address under this name. */
  readonly limited?: "login" | "register";
}

declare module "fastify" {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
  interface FastifyRequest {
    visitor: Caller | null;
  }
}

export interface CallerDependencies {
  readonly accounts: Pick<Accounts, "identifyBySession" | "identifyByApiKey">;
  readonly tokens: AccessTokens;
  readonly now: () => number;
}

/** @throws Refusal with 401 or 403 */
export async function admitCaller(
  request: FastifyRequest,
  access: RouteAccess,
  dependencies: CallerDependencies,
): Promise<Caller | null> {
  if (access.credentials === "anyone") return null;
  const caller = await identifyCaller(request, dependencies);
  if (caller === null && access.credentials === "required") throw new Refusal({ kind: "unauthenticated" });
  if (access.floor !== undefined && (caller === null || !isAtLeast(caller.user.role, access.floor))) {
    throw new Refusal({ kind: "forbidden" });
  }
  return caller;
}

async function identifyCaller(
  request: FastifyRequest,
  { accounts, tokens, now }: CallerDependencies,
): Promise<Caller | null> {
  const authorization = request.headers.authorization?.trim() ?? "";
  if (authorization !== "") {
    const token = /^bearer +(\S+)$/iu.exec(authorization)?.[1];
    const claims = token === undefined ? null : tokens.verify(token, now());
    const user = claims === null ? null : await accounts.identifyBySession(claims.userId, claims.sessionId);
    if (claims === null || user === null) throw new Refusal({ kind: "bad_token" });
    return { user, sessionId: claims.sessionId };
  }
  const header = request.headers["x-api-key"];
  const key = (Array.isArray(header) ? header[0] : header)?.trim() ?? "";
  if (key === "") return null;
  const user = await accounts.identifyByApiKey(key);
  if (user === null) throw new Refusal({ kind: "bad_api_key" });
  return { user, sessionId: null };
}

/** The caller of a route whose access is `required`. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.visitor === null) throw new Refusal({ kind: "unauthenticated" });
  return request.visitor;
}
