import type { FastifyInstance } from "fastify";
import { admitBeforeBody } from "../admission.ts";
import { classifyError } from "../classify-error.ts";
import type { Services } from "../services.ts";
import { sendV2Failure } from "./answer.ts";
import { addV2AuthRoutes } from "./auth-routes.ts";
import { addV2CommentRoutes } from "./comment-routes.ts";
import { addV2PostRoutes } from "./post-routes.ts";
import { addV2SearchRoutes } from "./search-routes.ts";
import { addV2TaxonomyRoutes } from "./taxonomy-routes.ts";
import { addV2UserRoutes } from "./user-routes.ts";

/** API v2: bare objects, offsets, entity tags, strict rules. */
export function addV2Api(server: FastifyInstance, services: Services): void {
  // The router lets a parameter be empty, as in `/posts/`; such a path is not there.
  admitBeforeBody(server, services, (text) => text !== "");
  server.setNotFoundHandler((request, reply) => sendV2Failure(request, reply, { kind: "no_route" }));
  server.setErrorHandler((error, request, reply) => {
    const failure = classifyError(error);
    if (failure.kind === "internal") request.log.error({ err: error }, "request failed");
    if (failure.kind === "unavailable") request.log.warn({ err: error }, "postgresql is out of reach");
    return sendV2Failure(request, reply, failure);
  });
  addV2AuthRoutes(server, services);
  addV2PostRoutes(server, services);
  addV2CommentRoutes(server, services);
  addV2UserRoutes(server, services);
  addV2TaxonomyRoutes(server, services);
  addV2SearchRoutes(server, services);
}
