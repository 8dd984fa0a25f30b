/** Strongest first. */
export const roles = ["super_admin", "admin", "editor", "author", "contributor", "subscriber"] as const;
export type Role = (typeof roles)[number];

/** Whether `role` is `least` or stronger. */
export function reaches(role: Role, least: Role): boolean {
  return roles.indexOf(role) <= roles.indexOf(least);
}
