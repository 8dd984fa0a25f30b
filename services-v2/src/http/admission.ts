import type { FastifyInstance } from "fastify";
import { admitCaller } from "./caller.ts";
import { Refusal } from "./refusal.ts";
import type { Services } from "./services.ts";

/**
 * Before a body is read: the path's parameters, the rate limit, the credentials, and the role, as each route's `config.access` says.
 * @param mayBeParameter whether a text in place of a parameter makes a path that is there
 */
export function admitBeforeBody(
  server: FastifyInstance,
  services: Services,
  mayBeParameter: (text: string) => boolean,
): void {
  const { rateLimits, rateLimitSettings } = services;
  server.addHook("onRequest", async (request) => {
    const parameters = Object.values(Object(request.params)).map(String);
    if (!parameters.every(mayBeParameter)) throw new Refusal({ kind: "no_route" });
    const access = request.routeOptions.config.access;
    if (access === undefined) return;
    if (access.limited !== undefined) {
      const wait = await rateLimits.count(
        `${access.limited}:${request.ip}`,
        rateLimitSettings[access.limited],
        rateLimitSettings.windowSeconds,
      );
      if (wait !== null) throw new Refusal({ kind: "too_many", retryAfterSeconds: wait });
    }
    request.visitor = await admitCaller(request, access, services);
  });
}
