import type { FastifyRequest } from "fastify";
import { forbidden, unauthorized } from "./api-error.ts";
import type { Authenticator, Caller } from "./authenticate.ts";
import { reaches, type Role } from "./roles.ts";

type Guard = (request: FastifyRequest) => Promise<void>;

/** Takes credentials when they are sent. */
export function optionalCaller(authenticator: Authenticator): Guard {
  return async (request) => {
    request.caller = await authenticator.identify(request.headers);
  };
}

/** Needs credentials, and a role of at least `least`. */
export function requireCaller(authenticator: Authenticator, least: Role = "subscriber"): Guard {
  return async (request) => {
    const caller = await authenticator.identify(request.headers);
    if (!caller) throw unauthorized("Authentication required");
    if (!reaches(caller.user.role, least)) throw forbidden();
    request.caller = caller;
  };
}

/** The caller on a route that `requireCaller` guards. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error("this route has no guard");
  return request.caller;
}
