import { randomBytes } from "node:crypto";
import { seedPassword } from "../../database/src/seed-rows.ts";
import { ask, pickText } from "./ask.ts";
import type { Answer } from "./ask.ts";
import { askVersions, identitiesOn, namedIdentities } from "./split.ts";

/** A fresh user of the CMS, as both API versions accept it. */
export interface Person {
  readonly username: string;
  readonly email: string;
  readonly password: string;
}

/** The author that every seeded database has. */
export const seededAuthor = { email: "author@example.com", password: seedPassword } as const;

/** A person nobody has registered yet. */
export function newPerson(): Person {
  const name = `e2e_${randomBytes(6).toString("hex")}`;
  return { username: name, email: `${name}@example.com`, password: `correct horse ${name}` };
}

/** Two identities that the split of this moment sends to different versions. */
export async function findOneOfEach(proxyUrl: string): Promise<{ readonly v1: string; readonly v2: string }> {
  const versions = await askVersions(proxyUrl, namedIdentities(200, "pair"));
  const [v1] = identitiesOn(versions, "v1");
  const [v2] = identitiesOn(versions, "v2");
  if (v1 === undefined || v2 === undefined) throw new Error("the split sends everybody to one version");
  return { v1, v2 };
}

export function register(baseUrl: string, person: Person, identity?: string): Promise<Answer> {
  return ask(`${baseUrl}/api/v1/auth/register`, {
    json: person,
    ...(identity === undefined ? {} : { identity }),
  });
}

export function logIn(
  baseUrl: string,
  person: { readonly email: string; readonly password: string },
  identity?: string,
): Promise<Answer> {
  const json = { email: person.email, password: person.password };
  return ask(`${baseUrl}/api/v1/auth/login`, { json, ...(identity === undefined ? {} : { identity }) });
}

/** The access token in the answer of a registration or login. */
export function tokenOf(answer: Answer): string {
  return pickText(answer.body, "data", "access_token");
}
