import { Client } from "pg";
import { hashPassword } from "../src/passwords.ts";
import type { Role } from "../src/roles.ts";
import type { ApiClient } from "./api-client.ts";

const password = "a good password";

/** Puts a user of the given role into the database. @returns the id. */
async function insertUser(databaseUrl: string, username: string, role: Role): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const made = await client.query<{ id: string }>(
      "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $2, $3, $4) RETURNING id",
      [username, `${username}@example.com`, await hashPassword(password), role],
    );
    return made.rows[0]?.id ?? "";
  } finally {
    await client.end();
  }
}

export interface Actor {
  readonly id: string;
  readonly token: string;
}

export async function createActor(
  api: ApiClient,
  databaseUrl: string,
  username: string,
  role: Role,
): Promise<Actor> {
  const id = await insertUser(databaseUrl, username, role);
  const login = await api.post("/auth/login", { body: { email: `${username}@example.com`, password } });
  return { id, token: login.data.access_token };
}
