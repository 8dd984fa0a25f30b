import type { Role } from "./role.ts";

export const actions = [
  "post.create",
  "post.read_unpublished",
  "post.update",
  "post.delete",
  "post.publish",
  "post.archive",
  "post.administer",
  "comment.create",
  "comment.read_pending",
  "comment.update",
  "comment.delete",
  "comment.publish",
  "tag.create",
  "category.create",
  "category.update",
  "category.deactivate",
  "user.list",
  "user.create",
  "user.read",
  "user.update",
  "user.update_role",
  "user.deactivate",
  "user.suspend",
  "api_key.use",
] as const;

export type Action = (typeof actions)[number];

/** `any`: whoever owns the thing; `own`: only what one owns oneself; `none`: never. */
export type Reach = "any" | "own" | "none";

type Row = readonly [
  superAdmin: Reach,
  admin: Reach,
  editor: Reach,
  author: Reach,
  contributor: Reach,
  subscriber: Reach,
];

const columns: Readonly<Record<Role, number>> = {
  super_admin: 0,
  admin: 1,
  editor: 2,
  author: 3,
  contributor: 4,
  subscriber: 5,
};

/** The whole of who may do what. A post, comment or key belongs to its author, a user record to the user. */
const table: Readonly<Record<Action, Row>> = {
  "post.create": ["any", "any", "any", "any", "none", "none"],
  "post.read_unpublished": ["any", "any", "any", "own", "own", "own"],
  "post.update": ["any", "any", "any", "own", "own", "own"],
  "post.delete": ["any", "any", "any", "own", "own", "own"],
  "post.publish": ["any", "any", "any", "own", "none", "none"],
  "post.archive": ["any", "any", "any", "own", "none", "none"],
  "post.administer": ["any", "any", "none", "none", "none", "none"],
  "comment.create": ["any", "any", "any", "any", "any", "any"],
  "comment.read_pending": ["any", "any", "any", "own", "own", "own"],
  "comment.update": ["any", "any", "any", "own", "own", "own"],
  "comment.delete": ["any", "any", "any", "own", "own", "own"],
  "comment.publish": ["any", "any", "any", "none", "none", "none"],
  "tag.create": ["any", "any", "any", "any", "none", "none"],
  "category.create": ["any", "any", "any", "none", "none", "none"],
  "category.update": ["any", "any", "any", "none", "none", "none"],
  "category.deactivate": ["any", "any", "any", "none", "none", "none"],
  "user.list": ["any", "any", "none", "none", "none", "none"],
  "user.create": ["any", "any", "none", "none", "none", "none"],
  "user.read": ["any", "any", "own", "own", "own", "own"],
  "user.update": ["any", "any", "own", "own", "own", "own"],
  "user.update_role": ["any", "any", "none", "none", "none", "none"],
  "user.deactivate": ["any", "any", "none", "none", "none", "none"],
  "user.suspend": ["any", "any", "none", "none", "none", "none"],
  "api_key.use": ["own", "own", "own", "own", "own", "own"],
};

/** Who asks, once a token or an API key has been checked. */
export interface Actor {
  readonly id: string;
  readonly role: Role;
}

export function reachOf(role: Role, action: Action): Reach {
  return table[action][columns[role]] ?? "none";
}

/** Whether the actor may do this to a thing of `ownerId`; for actions on no one's thing leave it out. */
export function isAllowed(actor: Actor, action: Action, ownerId: string | null = null): boolean {
  const reach = reachOf(actor.role, action);
  return reach === "any" || (reach === "own" && ownerId !== null && ownerId === actor.id);
}
