import type { FastifyInstance } from "fastify";
import { parseCredentials, parseLooseNewUser, parseRefreshToken } from "../../domain/loose-user.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentSignedIn, presentUser } from "../present.ts";
import { unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { sendData } from "./answer.ts";

export function addV1AuthRoutes(server: FastifyInstance, services: Services): void {
  const { accounts, tokens, now } = services;

  server.post(
    "/auth/register",
    { config: { access: { credentials: "anyone", limited: "register" } } },
    async (request, reply) => {
      const user = unwrap(parseLooseNewUser(readObject(request)));
      const signedIn = unwrap(await accounts.register(user));
      return sendData(reply, presentSignedIn(signedIn, tokens, now()), 201);
    },
  );

  server.post(
    "/auth/login",
    { config: { access: { credentials: "anyone", limited: "login" } } },
    async (request, reply) => {
      const credentials = unwrap(parseCredentials(readObject(request)));
      const signedIn = unwrap(await accounts.login(credentials));
      return sendData(reply, presentSignedIn(signedIn, tokens, now()));
    },
  );

  server.post("/auth/refresh", { config: { access: { credentials: "anyone" } } }, async (request, reply) => {
    const refreshToken = unwrap(parseRefreshToken(readObject(request)));
    const signedIn = unwrap(await accounts.refresh(refreshToken));
    return sendData(reply, presentSignedIn(signedIn, tokens, now()));
  });

  server.post("/auth/logout", { config: { access: { credentials: "required" } } }, async (request, reply) => {
    const { user, sessionId } = callerOf(request);
    await accounts.logout(user, sessionId);
    return sendData(reply, { message: "Logged out successfully" });
  });

  server.get("/auth/profile", { config: { access: { credentials: "required" } } }, (request, reply) =>
    sendData(reply, presentUser(callerOf(request).user)),
  );
}
