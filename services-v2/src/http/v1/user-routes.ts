import type { FastifyInstance, FastifyRequest } from "fastify";
import { isAllowed } from "../../domain/authorise.ts";
import type { Input } from "../../domain/field-reader.ts";
import { parseLooseUserChange } from "../../domain/loose-user.ts";
import type { User } from "../../domain/user.ts";
import { isUuid } from "../../domain/uuid.ts";
import type { UserSortField } from "../../usecases/ports.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentUser } from "../present.ts";
import { pathText } from "../query-text.ts";
import { Refusal, unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { sendData } from "./answer.ts";
import { presentPage, readPageQuery, readSort } from "./list-query.ts";

const sortFields: readonly UserSortField[] = ["created_at", "updated_at", "username"];

/** The id in the path, in lower case. @throws Refusal: 403 for those who may see only themselves, 404 when it is no UUID */
function userId(request: FastifyRequest, user: User): string {
  const id = pathText(request, "id").toLowerCase();
  if (!isAllowed(user, "user.read", id)) throw new Refusal({ kind: "forbidden" });
  if (!isUuid(id)) throw new Refusal({ kind: "not_found", resource: "user" });
  return id;
}

export function addV1UserRoutes(server: FastifyInstance, services: Services): void {
  const { users, userLists } = services;

  server.get(
    "/users",
    { config: { access: { credentials: "required", floor: "admin" } } },
    async (request, reply) => {
      const query = readPageQuery(request);
      const page = await userLists.list(readSort(request, sortFields), query);
      return sendData(reply, presentPage(page, query, presentUser));
    },
  );

  server.get("/users/:id", { config: { access: { credentials: "required" } } }, async (request, reply) => {
    const { user } = callerOf(request);
    return sendData(reply, presentUser(unwrap(await users.get(user, userId(request, user)))));
  });

  server.put("/users/:id", { config: { access: { credentials: "required" } } }, async (request, reply) => {
    const { user } = callerOf(request);
    const input = readObject(request);
    const changed = await users.change(
      user,
      userId(request, user),
      { role: own(input, "role"), privileged: privilegedFields.some((field) => own(input, field) !== null) },
      () => parseLooseUserChange(input, isAllowed(user, "user.update_role")),
      null,
      () => true,
    );
    return sendData(reply, presentUser(unwrap(changed)));
  });

  server.delete(
    "/users/:id",
    { config: { access: { credentials: "required", floor: "admin" } } },
    async (request, reply) => {
      const { user } = callerOf(request);
      unwrap(await users.deactivate(user, userId(request, user), "user.deactivate", () => true));
      return sendData(reply, { message: "User deactivated successfully" });
    },
  );
}

const privilegedFields = ["role", "is_active", "email_verified"];

function own(input: Input, field: string): unknown {
  return Object.hasOwn(input, field) ? (input[field] ?? null) : null;
}
