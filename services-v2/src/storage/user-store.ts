import { refuse, done } from "../domain/outcome.ts";
import type { User, UserChange } from "../domain/user.ts";
import type { UserStore } from "../usecases/ports.ts";
import { orTakenField } from "./account-store.ts";
import type { Database } from "./database.ts";
import { readPage } from "./read-page.ts";
import { toUser, userColumns, type UserRow } from "./rows.ts";

export function createUserStore(database: Database): UserStore {
  return {
    async find(id) {
      const [row] = await database.query<UserRow>(
        "user-find",
        `SELECT ${userColumns("u")} FROM users u WHERE u.id = $1`,
        [id],
      );
      return row === undefined ? null : toUser(row);
    },

    list(sort, slice) {
      const direction = sort.descending ? "DESC" : "ASC";
      return readPage<UserRow, User>(
        database,
        {
          columns: userColumns("u"),
          from: "FROM users u",
          order: `u.${sort.field} ${direction} NULLS LAST, u.id ${direction}`,
          values: [],
        },
        slice,
        toUser,
      );
    },

    async create(user, passwordHash) {
      const insert = async (): Promise<User> => {
        const [row] = await database.query<UserRow>(
          "user-create",
          `INSERT INTO users (username, email, password_hash, first_name, last_name, role)
           VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${userColumns("users")}`,
          [user.username, user.email, passwordHash, user.firstName, user.lastName, user.role],
        );
        if (row === undefined) throw new Error("the new user did not come back");
        return toUser(row);
      };
      return orTakenField(database, null, insert, () => user.email);
    },

    async change(id, decide, passwordHash) {
      let email: string | undefined;
      const changed = await orTakenField(
        database,
        id,
        () =>
          database.transaction(async (queries) => {
            const [row] = await queries.query<UserRow>(
              "user-lock",
              `SELECT ${userColumns("u")} FROM users u WHERE u.id = $1 FOR NO KEY UPDATE`,
              [id],
            );
            if (row === undefined) return refuse({ kind: "not_found", resource: "user" });
            const decision = decide(toUser(row));
            if (!decision.ok) return decision;
            email = decision.value.email;
            const { assignments, values } = listAssignments(decision.value, passwordHash);
            const [after] = await queries.query<UserRow>(
              null,
              `UPDATE users SET ${assignments.join(", ")} WHERE id = $1 RETURNING ${userColumns("users")}`,
              [id, ...values],
            );
            if (after === undefined) throw new Error("a locked user is gone");
            if (!after.is_active)
              await queries.query("user-end-sessions", "DELETE FROM sessions WHERE user_id = $1", [id]);
            return done(toUser(after));
          }),
        () => email,
      );
      return typeof changed === "string"
        ? refuse({ kind: "duplicate", resource: "user", field: changed })
        : changed;
    },
  };
}

function listAssignments(
  change: UserChange,
  passwordHash: string | null,
): { readonly assignments: readonly string[]; readonly values: readonly unknown[] } {
  const columns: readonly (readonly [column: string, value: unknown])[] = [
    ["username", change.username],
    ["email", change.email],
    ["first_name", change.firstName],
    ["last_name", change.lastName],
    ["role", change.role],
    ["is_active", change.isActive],
    ["email_verified", change.emailVerified],
    ["password_hash", passwordHash ?? undefined],
  ];
  const given = columns.filter(([, value]) => value !== undefined);
  const assignments = given.map(([column], index) => `${column} = $${index + 2}`);
  return { assignments: [...assignments, "updated_at = now()"], values: given.map(([, value]) => value) };
}
