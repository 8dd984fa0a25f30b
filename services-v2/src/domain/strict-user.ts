import { FieldReader, type Input } from "./field-reader.ts";
import { done, type Outcome, refuse } from "./outcome.ts";
import { defaultRole, isRole } from "./role.ts";
import type { TextRule } from "./text-rule.ts";
import type { NewUser, UserChange } from "./user.ts";

export const strictUsername: TextRule = { min: 3, max: 30, pattern: /^[A-Za-z0-9_]+$/u };
/** One `@`, a dotted domain and no white space; whether mail arrives only sending it can tell. */
export const emailPattern = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/u;
export const strictEmail: TextRule = { min: 1, max: 254, pattern: emailPattern };
/** The upper bound keeps the hash's work bounded; bcrypt itself reads the first 72 bytes. */
export const strictPassword: TextRule = { min: 12, max: 1024 };
export const personName: TextRule = { min: 0, max: 100 };

/** API v2's registration. @param mayChooseRole whether `role` is among the fields, as it is for admins. */
export function parseStrictNewUser(input: Input, mayChooseRole: boolean): Outcome<NewUser> {
  const reader = new FieldReader(input);
  const user: NewUser = {
    username: reader.text("username", strictUsername),
    email: reader.text("email", strictEmail).toLowerCase(),
    password: reader.text("password", strictPassword),
    firstName: reader.optionalText("first_name", personName) ?? null,
    lastName: reader.optionalText("last_name", personName) ?? null,
    role: (mayChooseRole ? reader.choice("role", isRole) : undefined) ?? defaultRole,
  };
  const known = ["username", "email", "password", "first_name", "last_name"];
  reader.refuseUnknown(mayChooseRole ? [...known, "role"] : known);
  return reader.violations.length === 0
    ? done(user)
    : refuse({ kind: "invalid", violations: reader.violations });
}

/** API v2's change of a user record: any subset of the fields, at least one. */
export function parseStrictUserChange(input: Input): Outcome<UserChange> {
  const reader = new FieldReader(input);
  const username = reader.givenText("username", strictUsername);
  const email = reader.givenText("email", strictEmail);
  const password = reader.givenText("password", strictPassword);
  const firstName = reader.optionalText("first_name", personName);
  const lastName = reader.optionalText("last_name", personName);
  const role = reader.choice("role", isRole);
  const isActive = reader.flag("is_active");
  reader.refuseUnknown(["username", "email", "password", "first_name", "last_name", "role", "is_active"]);
  reader.refuseEmpty();
  if (reader.violations.length > 0) return refuse({ kind: "invalid", violations: reader.violations });
  return done({
    ...(username === undefined ? {} : { username }),
    ...(email === undefined ? {} : { email: email.toLowerCase() }),
    ...(password === undefined ? {} : { password }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
    ...(role === undefined ? {} : { role }),
    ...(isActive === undefined ? {} : { isActive }),
  });
}
