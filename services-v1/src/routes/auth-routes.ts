import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../authenticate.ts";
import { success } from "../envelope.ts";
import { FieldReader } from "../fields.ts";
import { callerOf, requireCaller } from "../guard.ts";
import { presentUser } from "../present.ts";
import type { RateLimiter } from "../rate-limiter.ts";
import type { AuthService } from "../services/auth-service.ts";
import { readEmail, readName, readUsername } from "../user-fields.ts";

export function addAuthRoutes(
  api: FastifyInstance,
  auth: AuthService,
  limiter: RateLimiter,
  authenticator: Authenticator,
): void {
  api.post(
    "/auth/register",
    { onRequest: (request) => limiter.count("register", request.ip) },
    async (request, reply) => {
      const fields = FieldReader.ofBody(request.body);
      const registration = {
        username: readUsername(fields, true) ?? "",
        email: readEmail(fields, true) ?? "",
        password: fields.requiredText("password", { min: 8, message: "must be at least 8 characters" }) ?? "",
        firstName: readName(fields, "first_name") ?? null,
        lastName: readName(fields, "last_name") ?? null,
      };
      fields.finish();
      const answer = await auth.register(registration);
      reply.code(201);
      return success(answer);
    },
  );

  api.post("/auth/login", { onRequest: (request) => limiter.count("login", request.ip) }, async (request) => {
    const fields = FieldReader.ofBody(request.body);
    const email = fields.requiredText("email") ?? "";
    const password = fields.requiredText("password") ?? "";
    fields.finish();
    return success(await auth.login(email.trim().toLowerCase(), password));
  });

  api.post("/auth/refresh", async (request) => {
    const fields = FieldReader.ofBody(request.body);
    const refreshToken = fields.requiredText("refresh_token") ?? "";
    fields.finish();
    return success(await auth.refresh(refreshToken));
  });

  api.post("/auth/logout", { onRequest: requireCaller(authenticator) }, async (request) => {
    await auth.logout(callerOf(request).sessionId);
    return success({ message: "Logged out successfully" });
  });

  api.get("/auth/profile", { onRequest: requireCaller(authenticator) }, async (request) =>
    success(presentUser(callerOf(request).user)),
  );
}
