/** From most to least powerful; each role may do all that the roles after it may. */
export const roles = ["super_admin", "admin", "editor", "author", "contributor", "subscriber"] as const;

export type Role = (typeof roles)[number];

export const defaultRole: Role = "subscriber";

export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}

/** Whether `role` is `floor` or stands above it. */
export function isAtLeast(role: Role, floor: Role): boolean {
  return roles.indexOf(role) <= roles.indexOf(floor);
}
