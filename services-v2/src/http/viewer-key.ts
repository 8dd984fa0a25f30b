import { visibleUnpublished } from "../domain/post-visibility.ts";
import type { Caller } from "./caller.ts";

/** Names what a reader may see of posts, for cache keys: readers with equal keys get equal answers. */
export function viewerKey(caller: Caller | null): string {
  const visible = visibleUnpublished(caller?.user ?? null);
  return typeof visible === "string" ? visible : visible.authorId;
}
