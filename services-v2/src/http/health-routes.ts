import type { FastifyInstance } from "fastify";

export type Unreadiness = "database_unreachable" | "schema_too_old" | "stopping";

/** Null when requests can be answered, else the reason why not. */
export type Readiness = () => Promise<Unreadiness | null>;

/** For probes: neither logged at info nor counted, and served without credentials. */
export function addHealthRoutes(server: FastifyInstance, readiness: Readiness): void {
  server.get("/health/live", async (_request, reply) => {
    reply.header("cache-control", "no-store");
    return { status: "ok" };
  });
  server.get("/health/ready", async (_request, reply) => {
    reply.header("cache-control", "no-store");
    const reason = await readiness();
    if (reason === null) return { status: "ready" };
    return reply.code(503).send({ status: "unavailable", reason });
  });
}
