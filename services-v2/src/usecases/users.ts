import { type Action, type Actor, isAllowed } from "../domain/authorise.ts";
import { done, type Failure, type Outcome, refuse } from "../domain/outcome.ts";
import { type AskedOfUser, mayChangeUser, mayTouch } from "../domain/user-policy.ts";
import type { NewUser, User, UserChange } from "../domain/user.ts";
import type { PasswordHasher, UserStore } from "./ports.ts";

export interface Users {
  get(actor: Actor, id: string): Promise<Outcome<User>>;
  create(actor: Actor, user: NewUser): Promise<Outcome<User>>;
  /**
   * @param asked what the request touches, as it was sent
   * @param read reads the change, once it is clear that the actor may make it
   * @param password a new one that obeys the rules, or null
   */
  change(
    actor: Actor,
    id: string,
    asked: AskedOfUser,
    read: () => Outcome<UserChange>,
    password: string | null,
    matches: (user: User) => boolean,
  ): Promise<Outcome<User>>;
  /** Ends all of the user's sessions; doing it twice is fine. */
  deactivate(
    actor: Actor,
    id: string,
    action: "user.deactivate" | "user.suspend",
    matches: (user: User) => boolean,
  ): Promise<Outcome<User>>;
}

export function createUsers(store: UserStore, hasher: PasswordHasher): Users {
  return {
    async get(actor, id) {
      if (!isAllowed(actor, "user.read", id)) return refuse(forbidden);
      const user = await store.find(id);
      return user === null ? refuse({ kind: "not_found", resource: "user" }) : done(user);
    },

    async create(actor, user) {
      const permitted = isAllowed(actor, "user.create");
      if (!permitted || (user.role === "super_admin" && actor.role !== "super_admin"))
        return refuse(forbidden);
      const created = await store.create(user, await hasher.hash(user.password));
      return typeof created === "string"
        ? refuse({ kind: "duplicate", resource: "user", field: created })
        : done(created);
    },

    async change(actor, id, asked, read, password, matches) {
      if (!isAllowed(actor, "user.update", id)) return refuse(forbidden);
      const passwordHash = password === null ? null : await hasher.hash(password);
      const decide = (user: User): Outcome<UserChange> => {
        if (!mayChangeUser(actor, user, asked)) return refuse(forbidden);
        return matches(user) ? read() : refuse({ kind: "changed" });
      };
      return store.change(id, decide, passwordHash);
    },

    async deactivate(actor, id, action: Action, matches) {
      if (!isAllowed(actor, action)) return refuse(forbidden);
      const decide = (user: User): Outcome<UserChange> => {
        if (!mayTouch(actor, user)) return refuse(forbidden);
        return matches(user) ? done({ isActive: false }) : refuse({ kind: "changed" });
      };
      return store.change(id, decide, null);
    },
  };
}

const forbidden: Failure = { kind: "forbidden" };
