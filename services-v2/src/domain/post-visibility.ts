import { type Actor, isAllowed, reachOf } from "./authorise.ts";
import type { Post } from "./post.ts";

/** Published posts are everybody's to read; others are their author's and the editors'. */
export function mayReadPost(actor: Actor | null, post: Post): boolean {
  if (post.status === "published") return true;
  return actor !== null && isAllowed(actor, "post.read_unpublished", post.authorId);
}

/** Whose unpublished posts this reader sees. Readers for whom this is equal see the same. */
export function visibleUnpublished(
  actor: Actor | null,
): "everyone" | { readonly authorId: string } | "nobody" {
  if (actor === null) return "nobody";
  return reachOf(actor.role, "post.read_unpublished") === "any" ? "everyone" : { authorId: actor.id };
}
