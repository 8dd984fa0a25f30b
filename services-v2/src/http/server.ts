import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { classifyError } from "./classify-error.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { acceptJsonBodies, bodyLimitBytes } from "./json-body.ts";
import { openApiText } from "./openapi/document.ts";
import { Refusal } from "./refusal.ts";
import type { Services } from "./services.ts";
import { sendV1Failure } from "./v1/answer.ts";
import { addV1Api } from "./v1/api.ts";
import { addV2Api } from "./v2/api.ts";

/** A slug may have 255 characters, each of up to 12 in a percent-encoded path. */
const longestParameter = 3072;

/** The HTTP face of cms-v2, listening nowhere yet. */
export async function buildServer(services: Services, log: FastifyBaseLogger): Promise<FastifyInstance> {
  const server = fastify({
    loggerInstance: log,
    requestIdHeader: false,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: readRequestId,
    bodyLimit: bodyLimitBytes,
    trustProxy: "loopback, linklocal, uniquelocal",
    routerOptions: { maxParamLength: longestParameter },
    // A path that cannot be decoded is a path that is not there.
    frameworkErrors: (error, _request, reply) => {
      void sendV1Failure(reply, classifyError(error), "post");
    },
    requestTimeout: 30_000,
    // What still arrives on an open connection while we stop is served, and the connection closed after it.
    return503OnClosing: false,
  });
  server.decorateRequest("visitor", null);
  acceptJsonBodies(server);
  server.setNotFoundHandler((_request, reply) => sendV1Failure(reply, { kind: "no_route" }, "post"));
  server.setErrorHandler((error, request, reply) => {
    const failure = classifyError(error);
    if (failure.kind === "internal") request.log.error({ err: error }, "request failed");
    return sendV1Failure(reply, failure, "post");
  });
  // Before any body is read: a path that is not there is not there, whatever was sent to it.
  server.addHook("onRequest", async (request) => {
    if (request.is404) throw new Refusal({ kind: "no_route" });
  });
  server.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
    };
    if (route.startsWith("/api/") || route === "none") request.log.info(line, "request");
    else request.log.debug(line, "request");
  });
  keepConnectionsOfLargeBodies(server);
  closeConnectionsAtStop(server, services.isStopping);
  addHealthRoutes(server, services.readiness);
  server.get("/openapi.json", (_request, reply) =>
    reply.header("content-type", "application/json; charset=utf-8").send(openApiText),
  );
  await server.register(async (scope) => addV1Api(scope, services), { prefix: "/api/v1" });
  await server.register(async (scope) => addV2Api(scope, services), { prefix: "/api/v2" });
  return server;
}

/**
 * Fastify would close the connection under a body that is too large, and the reset that its sender gets can overtake the answer.
 * Left open, Node reads the rest and throws it away, for as long as a request may take.
 */
function keepConnectionsOfLargeBodies(server: FastifyInstance): void {
  server.addHook("onSend", async (_request, reply) => {
    if (reply.statusCode === 413) reply.removeHeader("connection");
  });
}

/**
 * Closing a server ends the connections that are idle at that moment. Those that were busy would stay open for their next
 * request, and the process with them: so they are told to close, or closed once their answer is out.
 */
function closeConnectionsAtStop(server: FastifyInstance, isStopping: () => boolean): void {
  server.addHook("onSend", async (_request, reply) => {
    if (isStopping()) reply.header("connection", "close");
  });
  server.addHook("onResponse", async () => {
    if (isStopping()) setImmediate(() => server.server.closeIdleConnections());
  });
}

/** The id that the proxy gave the request, if it is one that can stand in a log, else one of our own. */
function readRequestId(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && /^[\x21-\x7e]{1,128}$/u.test(given) ? given : randomUUID();
}
