import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../authenticate.ts";
import { success } from "../envelope.ts";
import { callerOf, requireCaller } from "../guard.ts";
import { listing, parsePage, parseSort, type Query } from "../paging.ts";
import { presentUser } from "../present.ts";
import type { UserService } from "../services/user-service.ts";
import { userSorts, type UserStore } from "../stores/user-store.ts";

interface ById {
  Params: { id: string };
}

export function addUserRoutes(
  api: FastifyInstance,
  service: UserService,
  users: UserStore,
  authenticator: Authenticator,
): void {
  const required = { onRequest: requireCaller(authenticator) };
  const adminOnly = { onRequest: requireCaller(authenticator, "admin") };

  api.get<{ Querystring: Query }>("/users", adminOnly, async (request) => {
    const page = parsePage(request.query);
    const found = await users.list(parseSort(request.query, userSorts), page);
    return success(listing(found.map(presentUser), await users.count(), page));
  });

  api.get<ById>("/users/:id", required, async (request) =>
    success(presentUser(await service.read(request.params.id, callerOf(request)))),
  );

  api.put<ById>("/users/:id", required, async (request) =>
    success(presentUser(await service.update(request.params.id, request.body, callerOf(request)))),
  );

  api.delete<ById>("/users/:id", adminOnly, async (request) => {
    await service.deactivate(request.params.id, callerOf(request));
    return success({ message: "User deactivated successfully" });
  });
}
