import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { pick } from "../../src/ask.ts";
import { seedPassword } from "../../../database/src/seed-rows.ts";
import type { Answer, Send } from "./client.ts";

export const roles = ["super_admin", "admin", "editor", "author", "contributor", "subscriber"] as const;
export type Role = (typeof roles)[number];

export interface Account {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly token: string;
  readonly refresh: string;
  readonly session: string;
}

/** One rule of the contract, as a sentence, and how to see whether it is kept. */
export interface Check {
  readonly name: string;
  readonly run: (scene: Scene) => Promise<void>;
}

/** Who and what a suite works with. Checks share it, and leave it as they found it. */
export interface Scene {
  readonly send: Send;
  /** The seeded account of each role. */
  readonly accounts: Readonly<Record<Role, Account>>;
  /** A published post and a draft of `author`. */
  readonly published: string;
  readonly draft: string;
  /** A user and a super admin to whom things are done. */
  readonly user: Account;
  readonly superAdmin: Account;
  /** Comes and goes: only whoever brings it back first may count on it. */
  readonly doomed: Account;
}

export const password = "correct horse battery";

/** A name nobody has used yet, of 16 lower-case letters and digits. */
export function unique(): string {
  return `u${randomBytes(8).toString("hex").slice(1)}`;
}

export function accountOf(answer: Answer): Account {
  return {
    id: answer.textAt("data", "user", "id"),
    username: answer.textAt("data", "user", "username"),
    email: answer.textAt("data", "user", "email"),
    token: answer.textAt("data", "access_token"),
    refresh: answer.textAt("data", "refresh_token"),
    session: answer.textAt("data", "session_id"),
  };
}

export async function register(send: Send, fields: object = {}): Promise<Account> {
  const name = unique();
  const json = { username: name, email: `${name}@example.com`, password, ...fields };
  const answer = await send("POST", "/api/v1/auth/register", { json });
  expect(answer.status, answer.text).toBe(201);
  return accountOf(answer);
}

export async function logIn(send: Send, email: string, secret = password): Promise<Account> {
  const answer = await send("POST", "/api/v1/auth/login", { json: { email, password: secret } });
  expect(answer.status, answer.text).toBe(200);
  return accountOf(answer);
}

/** A post of the seeded author unless another token is given. */
export async function writePost(scene: Scene, fields: object = {}, token?: string): Promise<Answer> {
  return createPost(scene.send, token ?? scene.accounts.author.token, fields);
}

async function createPost(send: Send, token: string, fields: object): Promise<Answer> {
  const json = { title: `Post ${unique()}`, content: "Some content.", ...fields };
  const answer = await send("POST", "/api/v1/posts", { token, json });
  expect(answer.status, answer.text).toBe(201);
  return answer;
}

/** The id of what was created. */
export function idOf(answer: Answer): string {
  return answer.textAt("data", "id");
}

/** One field of every item of a list. */
export function column(answer: Answer, field: string): readonly unknown[] {
  const items = answer.at("data", "items");
  return Array.isArray(items) ? items.map((item) => pick(item, field)) : [];
}

export async function buildScene(send: Send): Promise<Scene> {
  const signIn = (role: Role): Promise<Account> =>
    logIn(send, `${role.replace("_", ".")}@example.com`, seedPassword);
  const accounts = {
    super_admin: await signIn("super_admin"),
    admin: await signIn("admin"),
    editor: await signIn("editor"),
    author: await signIn("author"),
    contributor: await signIn("contributor"),
    subscriber: await signIn("subscriber"),
  };
  const superAdmin = await register(send);
  const promoted = await send("PUT", `/api/v1/users/${superAdmin.id}`, {
    token: accounts.super_admin.token,
    json: { role: "super_admin" },
  });
  expect(promoted.status, promoted.text).toBe(200);
  const { token } = accounts.author;
  return {
    send,
    accounts,
    published: idOf(await createPost(send, token, { status: "published" })),
    draft: idOf(await createPost(send, token, {})),
    user: await register(send),
    superAdmin,
    doomed: await register(send),
  };
}
