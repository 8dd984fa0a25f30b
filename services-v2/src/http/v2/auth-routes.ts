import type { FastifyInstance } from "fastify";
import { parseCredentials, parseRefreshToken } from "../../domain/loose-user.ts";
import { parseStrictNewUser } from "../../domain/strict-user.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentSignedIn, presentUser } from "../present.ts";
import { unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { sendFresh, sendPlain } from "./answer.ts";

export function addV2AuthRoutes(server: FastifyInstance, services: Services): void {
  const { accounts, tokens, now } = services;

  server.post(
    "/auth/register",
    { config: { access: { credentials: "anyone", limited: "register" } } },
    async (request, reply) => {
      const user = unwrap(parseStrictNewUser(readObject(request), false));
      const signedIn = unwrap(await accounts.register(user));
      reply.header("location", `/api/v2/users/${signedIn.user.id}`);
      return sendPlain(reply, presentSignedIn(signedIn, tokens, now()), 201);
    },
  );

  server.post(
    "/auth/login",
    { config: { access: { credentials: "anyone", limited: "login" } } },
    async (request, reply) => {
      const signedIn = unwrap(await accounts.login(unwrap(parseCredentials(readObject(request)))));
      return sendPlain(reply, presentSignedIn(signedIn, tokens, now()));
    },
  );

  server.post("/auth/refresh", { config: { access: { credentials: "anyone" } } }, async (request, reply) => {
    const signedIn = unwrap(await accounts.refresh(unwrap(parseRefreshToken(readObject(request)))));
    return sendPlain(reply, presentSignedIn(signedIn, tokens, now()));
  });

  server.post("/auth/logout", { config: { access: { credentials: "required" } } }, async (request, reply) => {
    const { user, sessionId } = callerOf(request);
    await accounts.logout(user, sessionId);
    return sendPlain(reply, { message: "Logged out successfully" });
  });

  server.get("/auth/profile", { config: { access: { credentials: "required" } } }, (request, reply) =>
    sendFresh(request, reply, presentUser(callerOf(request).user)),
  );
}
