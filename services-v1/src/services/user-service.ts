import { forbidden, notFound } from "../api-error.ts";
import type { Caller } from "../authenticate.ts";
import { FieldReader } from "../fields.ts";
import { reaches, roles } from "../roles.ts";
import type { SessionStore } from "../stores/session-store.ts";
import type { UserChanges, UserRow, UserStore } from "../stores/user-store.ts";
import { isUuid } from "../tokens.ts";
import { readEmail, readName, readUsername } from "../user-fields.ts";
import { refuseTaken, takenError } from "./auth-service.ts";

export class UserService {
  readonly #users: UserStore;
  readonly #sessions: SessionStore;

  constructor(users: UserStore, sessions: SessionStore) {
    this.#users = users;
    this.#sessions = sessions;
  }

  /** @throws ApiError 403 for anyone but an admin or the user, also when there is no such user; then 404. */
  async read(id: string, caller: Caller): Promise<UserRow> {
    if (!isAdmin(caller) && caller.user.id !== id.toLowerCase()) throw forbidden();
    const user = isUuid(id) ? await this.#users.findById(id) : undefined;
    if (!user) throw notFound("User");
    return user;
  }

  /** @throws ApiError 400, 403, 404, 422, 409. */
  async update(id: string, body: unknown, caller: Caller): Promise<UserRow> {
    const fields = FieldReader.ofBody(body);
    const user = await this.read(id, caller);
    refuseBeyondRank(fields, user, caller);
    const changes = readChanges(fields, user);
    fields.finish();
    await refuseTaken(this.#users, changes.email, changes.username, user.id);
    let updated: UserRow | undefined;
    try {
      updated = await this.#users.update(user.id, changes);
    } catch (error) {
      throw takenError(error) ?? error;
    }
    if (!updated) throw notFound("User");
    if (!updated.is_active) await this.#sessions.closeAllOf(user.id);
    return updated;
  }

  /** @throws ApiError 404, 403. */
  async deactivate(id: string, caller: Caller): Promise<void> {
    const user = await this.read(id, caller);
    if (user.role === "super_admin" && caller.user.role !== "super_admin") throw forbidden();
    await this.#users.deactivate(user.id);
    await this.#sessions.closeAllOf(user.id);
  }
}

function isAdmin(caller: Caller): boolean {
  return reaches(caller.user.role, "admin");
}

function refuseBeyondRank(fields: FieldReader, user: UserRow, caller: Caller): void {
  const reserved = ["role", "is_active", "email_verified"].some((field) => fields.has(field));
  if (reserved && !isAdmin(caller)) throw forbidden();
  if (caller.user.role === "super_admin") return;
  if (user.role === "super_admin" && user.id !== caller.user.id) throw forbidden();
  if (fields.raw("role") === "super_admin") throw forbidden();
}

function readChanges(fields: FieldReader, user: UserRow): UserChanges {
  const username = readUsername(fields, false);
  const email = readEmail(fields, false);
  const firstName = readName(fields, "first_name");
  const lastName = readName(fields, "last_name");
  const role = fields.choice("role", roles);
  const isActive = fields.boolean("is_active");
  const emailVerified = fields.boolean("email_verified");
  return {
    username: username ?? user.username,
    email: email ?? user.email,
    firstName: firstName === undefined ? user.first_name : firstName,
    lastName: lastName === undefined ? user.last_name : lastName,
    role: role ?? user.role,
    isActive: isActive ?? user.is_active,
    emailVerified: emailVerified ?? user.email_verified,
  };
}
