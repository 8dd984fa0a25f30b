import type { Input } from "./field-reader.ts";
import { LooseReader } from "./loose-reader.ts";
import { done, type Outcome, refuse } from "./outcome.ts";
import { defaultRole, isRole } from "./role.ts";
import type { TextRule } from "./text-rule.ts";
import type { NewUser, UserChange } from "./user.ts";

const any: TextRule = { min: 0, max: Number.POSITIVE_INFINITY };
const username: TextRule = { min: 3, max: 50, trim: true };
const email: TextRule = { min: 1, max: 320, trim: true, pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/u };
const password: TextRule = { min: 8, max: Number.POSITIVE_INFINITY };
const personName: TextRule = { min: 0, max: 100, trim: true };

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** API v1's registration. Whatever `role` says, everybody starts at the bottom. */
export function parseLooseNewUser(input: Input): Outcome<NewUser> {
  const reader = new LooseReader(input);
  const user: NewUser = {
    username: reader.text("username", username),
    email: readEmail(reader, input) ?? "",
    password: reader.text("password", password),
    firstName: reader.clearableText("first_name", personName) ?? null,
    lastName: reader.clearableText("last_name", personName) ?? null,
    role: defaultRole,
  };
  return conclude(reader, user);
}

/** What a login sends, in both APIs: no more than two strings, since old accounts obey old rules. */
export function parseCredentials(input: Input): Outcome<Credentials> {
  const reader = new LooseReader(input);
  const credentials = {
    email: reader.text("email", any).trim().toLowerCase(),
    password: reader.text("password", any),
  };
  return conclude(reader, credentials);
}

export function parseRefreshToken(input: Input): Outcome<string> {
  const reader = new LooseReader(input);
  return conclude(reader, reader.text("refresh_token", any));
}

/** API v1's change of a user. @param byAdmin whether role and flags are read at all */
export function parseLooseUserChange(input: Input, byAdmin: boolean): Outcome<UserChange> {
  const reader = new LooseReader(input);
  const name = reader.optionalText("username", username);
  const address = reader.has("email") ? readEmail(reader, input) : undefined;
  const firstName = reader.clearableText("first_name", personName);
  const lastName = reader.clearableText("last_name", personName);
  const role = byAdmin ? reader.choice("role", isRole) : undefined;
  const isActive = byAdmin ? reader.flag("is_active") : undefined;
  const emailVerified = byAdmin ? reader.flag("email_verified") : undefined;
  return conclude(reader, {
    ...(name === undefined ? {} : { username: name }),
    ...(address === undefined ? {} : { email: address }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
    ...(role === undefined ? {} : { role }),
    ...(isActive === undefined ? {} : { isActive }),
    ...(emailVerified === undefined ? {} : { emailVerified }),
  });
}

/** Lower case comes before the length: a few characters take more code points in it. */
function readEmail(reader: LooseReader, input: Input): string | undefined {
  const value = input["email"];
  if (typeof value !== "string") return reader.text("email", email);
  const lowered = new LooseReader({ email: value.toWellFormed().trim().toLowerCase() });
  const text = lowered.optionalText("email", email);
  reader.violations.push(...lowered.violations);
  return text;
}

function conclude<Value>(reader: LooseReader, value: Value): Outcome<Value> {
  return reader.violations.length === 0
    ? done(value)
    : refuse({ kind: "invalid", violations: reader.violations });
}
