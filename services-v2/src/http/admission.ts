import type { FastifyInstance } from "fastify";
import { admitCaller } from "./caller.ts";
import { Refusal } from "./refusal.ts";
import type { Services } from "./services.ts";

/** Before a body is read: the rate limit, then the credentials, then the role, as each route's `config.access` says. */
export function admitBeforeBody(server: FastifyInstance, services: Services): void {
  const { rateLimits, rateLimitSettings } = services;
  server.addHook("onRequest", async (request) => {
    // The router lets a parameter be empty, as in `/posts/`; such a path is not there.
    if (Object.values(Object(request.params)).includes("")) throw new Refusal({ kind: "no_route" });
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
