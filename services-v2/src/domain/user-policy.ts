import { type Actor, isAllowed } from "./authorise.ts";
import type { User } from "./user.ts";

export interface AskedOfUser {
  /** The role that is asked for, as it was sent; undefined when none is. */
  readonly role: unknown;
  /** Whether the role or a flag is asked to change, which takes an admin. */
  readonly privileged: boolean;
}

/** Whether the actor may change this user in this way; that they may change the user at all has been checked. */
export function mayChangeUser(actor: Actor, target: User, asked: AskedOfUser): boolean {
  if (asked.privileged && !isAllowed(actor, "user.update_role")) return false;
  if (!mayTouch(actor, target)) return false;
  return asked.role !== "super_admin" || actor.role === "super_admin";
}

/** Super admins are out of the reach of everybody but themselves and their like. */
export function mayTouch(actor: Actor, target: User): boolean {
  return target.role !== "super_admin" || actor.role === "super_admin" || actor.id === target.id;
}
