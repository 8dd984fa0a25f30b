import Fastify, { type FastifyInstance } from "fastify";
import { ApiError, notFound } from "./api-error.ts";
import { Authenticator, type Caller } from "./authenticate.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database.ts";
import { answerError } from "./error-handler.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { addAdminRoutes } from "./routes/admin-routes.ts";
import { addApiKeyRoutes } from "./routes/api-key-routes.ts";
import { addAuthRoutes } from "./routes/auth-routes.ts";
import { addCommentRoutes } from "./routes/comment-routes.ts";
import { addHealthRoutes, type Readiness } from "./routes/health-routes.ts";
import { addPostRoutes } from "./routes/post-routes.ts";
import { addSearchRoutes } from "./routes/search-routes.ts";
import { addTermRoutes } from "./routes/term-routes.ts";
import { addUserRoutes } from "./routes/user-routes.ts";
import { AuthService } from "./services/auth-service.ts";
import { PostService } from "./services/post-service.ts";
import { UserService } from "./services/user-service.ts";
import { ApiKeyStore } from "./stores/api-key-store.ts";
import { CommentStore } from "./stores/comment-store.ts";
import { PostStore } from "./stores/post-store.ts";
import { SessionStore } from "./stores/session-store.ts";
import { TermStore } from "./stores/term-store.ts";
import { UserStore } from "./stores/user-store.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the guard of the route; undefined without credentials. */
    caller: Caller | undefined;
  }
}

const bodyLimitBytes = 1_048_576;
const longestRequestId = 128;

/** Builds the whole HTTP side. Nothing listens yet. */
export function createApp(
  config: Config,
  database: Database,
  checkReadiness: () => Promise<Readiness>,
): FastifyInstance {
  const app = Fastify({
    logger: { level: config.logLevel, base: { service: "cms-v1" } },
    bodyLimit: bodyLimitBytes,
    // The proxy's request id; one of our own for whoever comes without.
    genReqId: (request) => {
      const given = request.headers["x-request-id"];
      return typeof given === "string" && given !== ""
        ? given.slice(0, longestRequestId)
        : crypto.randomUUID();
    },
    requestIdLogLabel: "request_id",
    disableRequestLogging: true,
    trustProxy: "loopback, linklocal, uniquelocal",
    // Requests that arrive on kept connections during the drain are still answered.
    return503OnClosing: false,
    frameworkErrors: (_error, request, reply) => answerError(notFound("Route"), request, reply),
  });

  const users = new UserStore(database);
  const sessions = new SessionStore(database);
  const apiKeys = new ApiKeyStore(database);
  const posts = new PostStore(database);
  const authenticator = new Authenticator(users, sessions, apiKeys, config.jwtSecret);
  const postService = new PostService(database, posts, users);

  app.decorateRequest("caller", undefined);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => answerError(notFound("Route"), request, reply));
  acceptJsonOnly(app);
  app.addHook("onRequest", async (request, reply) => {
    // Before the body is looked at: an unknown path is unknown whatever is sent to it.
    if (request.is404) throw notFound("Route");
    reply.header("cache-control", "no-store");
  });
  keepConnectionsOfLargeBodies(app);
  releaseConnectionsOnClose(app);
  logResponses(app);

  addHealthRoutes(app, checkReadiness);
  app.register(
    async (api) => {
      addAuthRoutes(
        api,
        new AuthService(users, sessions, config.jwtSecret),
        new RateLimiter(database, config.rateLimits),
        authenticator,
      );
      addPostRoutes(api, postService, posts, authenticator);
      addCommentRoutes(api, postService, new CommentStore(database), authenticator);
      addTermRoutes(api, new TermStore(database));
      addUserRoutes(api, new UserService(users, sessions), users, authenticator);
      addAdminRoutes(api, postService, posts, authenticator);
      addApiKeyRoutes(api, apiKeys, authenticator);
      addSearchRoutes(api, posts);
    },
    { prefix: "/api/v1" },
  );
  return app;
}

function acceptJsonOnly(app: FastifyInstance): void {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(decoder.decode(body));
    } catch {
      done(new ApiError(400, "Request body must be valid JSON"), undefined);
      return;
    }
    done(null, value);
  });
  // Without it an empty body of another type would be refused, though it counts as no body.
  app.addContentTypeParser<Buffer>("*", { parseAs: "buffer" }, (_request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else done(new ApiError(415, "Content-Type must be application/json"), undefined);
  });
}

/**
 * Fastify would close the connection under a body that is too large. Whoever still sends it then gets a reset, which can overtake
 * the answer. Left open, Node reads the rest and throws it away, within the time limit of a request.
 */
function keepConnectionsOfLargeBodies(app: FastifyInstance): void {
  app.addHook("onSend", async (_request, reply) => {
    if (reply.statusCode === 413) reply.removeHeader("connection");
  });
}

/** Connections that are busy when the drain begins are let go with their answer, so that none of them holds it up. */
function releaseConnectionsOnClose(app: FastifyInstance): void {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.addHook("onSend", async (_request, reply) => {
    if (closing) reply.header("connection", "close");
  });
}

function logResponses(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    const line = {
      method: request.method,
      // Never the query: searches and tokens in it are nobody's business.
      path: request.url.split("?", 1)[0],
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
    };
    if (request.routeOptions.url?.startsWith("/api/")) request.log.info(line, "request");
    else request.log.debug(line, "request");
  });
}
