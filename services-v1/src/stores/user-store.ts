import type { Database } from "../database.ts";
import type { Page } from "../paging.ts";
import type { Role } from "../roles.ts";

export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password_hash: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly role: Role;
  readonly is_active: boolean;
  readonly email_verified: boolean;
  readonly last_login: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
}

export interface UserChanges {
  readonly username: string;
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly role: Role;
  readonly isActive: boolean;
  readonly emailVerified: boolean;
}

export const userSorts: ReadonlyMap<string, string> = new Map([
  ["created_at", "created_at"],
  ["updated_at", "updated_at"],
  ["username", "username"],
]);

export class UserStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findById(id: string): Promise<UserRow | undefined> {
    return (await this.#database.query<UserRow>("SELECT * FROM users WHERE id = $1", [id]))[0];
  }

  async findByEmail(email: string): Promise<UserRow | undefined> {
    return (await this.#database.query<UserRow>("SELECT * FROM users WHERE email = $1", [email]))[0];
  }

  async findByUsername(username: string): Promise<UserRow | undefined> {
    return (await this.#database.query<UserRow>("SELECT * FROM users WHERE username = $1", [username]))[0];
  }

  /** @throws DatabaseError on users_email_key or users_username_key. */
  async insert(user: NewUser): Promise<UserRow> {
    const rows = await this.#database.query<UserRow>(
      `INSERT INTO users (username, email, password_hash, first_name, last_name)
       VALUES ($1, $2, $3, $4, $5) RETURNING *`,
      [user.username, user.email, user.passwordHash, user.firstName, user.lastName],
    );
    return one(rows);
  }

  /** @throws DatabaseError on users_email_key or users_username_key. */
  async update(id: string, changes: UserChanges): Promise<UserRow | undefined> {
    const rows = await this.#database.query<UserRow>(
      `UPDATE users SET username = $2, email = $3, first_name = $4, last_name = $5, role = $6, is_active = $7,
         email_verified = $8, updated_at = now()
       WHERE id = $1 RETURNING *`,
      [
        id,
        changes.username,
        changes.email,
        changes.firstName,
        changes.lastName,
        changes.role,
        changes.isActive,
        changes.emailVerified,
      ],
    );
    return rows[0];
  }

  async deactivate(id: string): Promise<void> {
    await this.#database.query("UPDATE users SET is_active = false, updated_at = now() WHERE id = $1", [id]);
  }

  async touchLastLogin(id: string): Promise<UserRow> {
    return one(
      await this.#database.query<UserRow>("UPDATE users SET last_login = now() WHERE id = $1 RETURNING *", [
        id,
      ]),
    );
  }

  async list(order: string, page: Page): Promise<readonly UserRow[]> {
    const ids = await this.#database.query<{ id: string }>(
      `SELECT id FROM users ORDER BY ${order} LIMIT $1 OFFSET $2`,
      [page.limit, page.offset],
    );
    const users: UserRow[] = [];
    for (const { id } of ids) {
      const user = await this.findById(id);
      if (user) users.push(user);
    }
    return users;
  }

  async count(): Promise<number> {
    return one(await this.#database.query<{ n: number }>("SELECT count(*)::int AS n FROM users")).n;
  }
}

function one<Row>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined) throw new Error("the statement was to return a row");
  return row;
}
