import type { FastifyInstance } from "fastify";
import { admitBeforeBody } from "../admission.ts";
import { classifyError } from "../classify-error.ts";
import type { Services } from "../services.ts";
import { sendV1Failure } from "./answer.ts";
import { addV1AuthRoutes } from "./auth-routes.ts";
import { addV1OtherRoutes } from "./other-routes.ts";
import { addV1PostRoutes } from "./post-routes.ts";
import { addV1UserRoutes } from "./user-routes.ts";
import type { ContentOf } from "./violation-message.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whose `content` the route reads, for what is said about it. */
    contentOf?: ContentOf;
  }
}

/** A longer segment in place of an id is an unknown path. */
const longestParameter = 100;

/** API v1 as docs/api-v1.md has it, answer for answer that of cms-v1. */
export function addV1Api(server: FastifyInstance, services: Services): void {
  // The empty id is one that nothing has, as in `GET /posts/`.
  admitBeforeBody(server, services, (text) => text.length <= longestParameter);
  server.setErrorHandler((error, request, reply) => {
    const failure = classifyError(error);
    if (failure.kind === "internal") request.log.error({ err: error }, "request failed");
    if (failure.kind === "unavailable") request.log.warn({ err: error }, "postgresql is out of reach");
    return sendV1Failure(reply, failure, request.routeOptions.config.contentOf ?? "post");
  });
  addV1AuthRoutes(server, services);
  addV1PostRoutes(server, services);
  addV1UserRoutes(server, services);
  addV1OtherRoutes(server, services);
}
