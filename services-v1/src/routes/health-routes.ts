import type { FastifyInstance } from "fastify";
import { openApiDocument } from "../openapi.ts";

export type Readiness =
  | "ready"
  | "database_unreachable"
  | "schema_too_old"
  | "schema_too_new"
  | "not_registered"
  | "stopping";

export function addHealthRoutes(app: FastifyInstance, checkReadiness: () => Promise<Readiness>): void {
  app.get("/health/live", async () => ({ status: "ok" }));

  app.get("/health/ready", async (_request, reply) => {
    const readiness = await checkReadiness();
    if (readiness === "ready") return { status: "ready" };
    reply.code(503).header("retry-after", 1);
    return { status: "unavailable", reason: readiness };
  });

  app.get("/openapi.json", async () => openApiDocument);
}
