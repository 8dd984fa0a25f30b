import type { FastifyInstance, FastifyRequest } from "fastify";
import { isAllowed } from "../../domain/authorise.ts";
import { parseStrictNewUser, parseStrictUserChange } from "../../domain/strict-user.ts";
import type { User } from "../../domain/user.ts";
import { isUuid } from "../../domain/uuid.ts";
import type { UserSortField } from "../../usecases/ports.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentUser } from "../present.ts";
import { pathText } from "../query-text.ts";
import { Refusal, unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { matcher, sendFresh, sendNothing, sendWritten } from "./answer.ts";
import { presentPage, readSlice, readSort } from "./list-query.ts";

const sortFields: readonly UserSortField[] = ["created_at", "updated_at", "username"];

/** The id in the path, in lower case. @throws Refusal: 403 for those who may see only themselves, 404 when it is no UUID */
function userId(request: FastifyRequest, actor: User): string {
  const id = pathText(request, "id").toLowerCase();
  if (!isAllowed(actor, "user.read", id)) throw new Refusal({ kind: "forbidden" });
  if (!isUuid(id)) throw new Refusal({ kind: "not_found", resource: "user" });
  return id;
}

export function addV2UserRoutes(server: FastifyInstance, services: Services): void {
  const { users, userLists } = services;
  const adminOnly = { config: { access: { credentials: "required", floor: "admin" } } } as const;
  const signedIn = { config: { access: { credentials: "required" } } } as const;

  server.get("/users", adminOnly, async (request, reply) => {
    const slice = readSlice(request);
    const page = await userLists.list(readSort(request, sortFields, "created_at"), slice);
    return sendFresh(request, reply, presentPage(page, slice, presentUser));
  });

  server.post("/users", adminOnly, async (request, reply) => {
    const user = unwrap(parseStrictNewUser(readObject(request), true));
    const created = unwrap(await users.create(callerOf(request).user, user));
    return sendWritten(reply, presentUser(created), `/api/v2/users/${created.id}`);
  });

  server.get("/users/:id", signedIn, async (request, reply) => {
    const { user } = callerOf(request);
    return sendFresh(request, reply, presentUser(unwrap(await users.get(user, userId(request, user)))));
  });

  server.patch("/users/:id", signedIn, async (request, reply) => {
    const { user } = callerOf(request);
    const id = userId(request, user);
    const change = unwrap(parseStrictUserChange(readObject(request)));
    const changed = await users.change(
      user,
      id,
      { role: change.role, privileged: change.role !== undefined || change.isActive !== undefined },
      () => ({ ok: true, value: change }),
      change.password ?? null,
      matcher<User>(request, presentUser),
    );
    return sendWritten(reply, presentUser(unwrap(changed)));
  });

  server.delete("/users/:id", adminOnly, async (request, reply) => {
    const { user } = callerOf(request);
    const matches = matcher<User>(request, presentUser);
    unwrap(await users.deactivate(user, userId(request, user), "user.deactivate", matches));
    return sendNothing(reply);
  });

  server.post("/users/:id/suspend", adminOnly, async (request, reply) => {
    const { user } = callerOf(request);
    const matches = matcher<User>(request, presentUser);
    const suspended = await users.deactivate(user, userId(request, user), "user.suspend", matches);
    return sendWritten(reply, presentUser(unwrap(suspended)));
  });
}
