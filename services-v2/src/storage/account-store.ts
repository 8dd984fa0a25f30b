import type { AccountStore, OpenedSession, UserField } from "../usecases/ports.ts";
import { type Database, findBrokenUnique } from "./database.ts";
import { toUser, userColumns, type UserRow } from "./rows.ts";

type OpenedRow = UserRow & { readonly session_id: string };

function toOpened(row: OpenedRow | undefined): OpenedSession | null {
  return row === undefined ? null : { user: toUser(row), sessionId: row.session_id };
}

export function createAccountStore(database: Database): AccountStore {
  return {
    async register(user, passwordHash, tokenHash) {
      const insert = (): Promise<OpenedRow[]> =>
        database.query<OpenedRow>(
          "account-register",
          `WITH u AS (
             INSERT INTO users (username, email, password_hash, first_name, last_name, role)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${userColumns("users")}
           ), s AS (
             INSERT INTO sessions (user_id, refresh_token_hash, expires_at)
             SELECT u.id, $7, now() + interval '24 hours' FROM u RETURNING id
           )
           SELECT ${userColumns("u")}, s.id AS session_id FROM u, s`,
          [user.username, user.email, passwordHash, user.firstName, user.lastName, user.role, tokenHash],
        );
      const opened = await orTakenField(database, null, insert, () => user.email);
      if (typeof opened === "string") return opened;
      const session = toOpened(opened[0]);
      if (session === null) throw new Error("the new account did not come back");
      return session;
    },

    async findPassword(email) {
      const [row] = await database.query<{ id: string; is_active: boolean; password_hash: string }>(
        "account-password",
        "SELECT id, is_active, password_hash FROM users WHERE email = $1",
        [email],
      );
      return row === undefined ? null : { userId: row.id, isActive: row.is_active, hash: row.password_hash };
    },

    async openSession(userId, tokenHash) {
      const [row] = await database.query<OpenedRow>(
        "account-open-session",
        `WITH u AS (
           UPDATE users SET last_login = now() WHERE id = $1 AND is_active RETURNING ${userColumns("users")}
         ), s AS (
           INSERT INTO sessions (user_id, refresh_token_hash, expires_at)
           SELECT u.id, $2, now() + interval '24 hours' FROM u RETURNING id
         )
         SELECT ${userColumns("u")}, s.id AS session_id FROM u, s`,
        [userId, tokenHash],
      );
      return toOpened(row);
    },

    async rotateSession(oldHash, newHash) {
      const [row] = await database.query<OpenedRow>(
        "account-rotate-session",
        `UPDATE sessions s SET refresh_token_hash = $2, expires_at = now() + interval '24 hours'
         FROM users u
         WHERE s.refresh_token_hash = $1 AND s.expires_at > now() AND u.id = s.user_id AND u.is_active
         RETURNING ${userColumns("u")}, s.id AS session_id`,
        [oldHash, newHash],
      );
      return toOpened(row);
    },

    async endSession(sessionId, userId) {
      await database.query("account-end-session", "DELETE FROM sessions WHERE id = $1 AND user_id = $2", [
        sessionId,
        userId,
      ]);
    },

    async findBySession(userId, sessionId) {
      const [row] = await database.query<UserRow>(
        "account-by-session",
        `SELECT ${userColumns("u")} FROM users u
         WHERE u.id = $1 AND u.is_active
           AND ($2::uuid IS NULL OR EXISTS (SELECT 1 FROM sessions s WHERE s.id = $2 AND s.user_id = u.id))`,
        [userId, sessionId],
      );
      return row === undefined ? null : toUser(row);
    },

    async findByApiKey(keyHash) {
      const [row] = await database.query<UserRow>(
        "account-by-api-key",
        `SELECT ${userColumns("u")} FROM api_keys k JOIN users u ON u.id = k.user_id
         WHERE k.key_hash = $1 AND u.is_active`,
        [keyHash],
      );
      return row === undefined ? null : toUser(row);
    },
  };
}

/**
 * The result of a write of users, or the field that is taken. PostgreSQL names the constraint it met first; when both fields are
 * taken the email is to be named, so it is looked up.
 * @param selfId the user that is changed, whose own email is not taken; null for a new one
 * @param wantedEmail asked after the write has failed
 */
export async function orTakenField<Value>(
  database: Database,
  selfId: string | null,
  write: () => Promise<Value>,
  wantedEmail: () => string | undefined,
): Promise<Value | UserField> {
  try {
    return await write();
  } catch (error) {
    const constraint = findBrokenUnique(error);
    if (constraint === "users_email_key") return "email";
    if (constraint !== "users_username_key") throw error;
    const holders = await database.query(
      "user-email-holder",
      "SELECT 1 FROM users WHERE email = $1 AND id IS DISTINCT FROM $2::uuid",
      [wantedEmail() ?? null, selfId],
    );
    return holders.length > 0 ? "email" : "username";
  }
}
