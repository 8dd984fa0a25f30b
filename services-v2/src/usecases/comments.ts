import { type Actor, isAllowed } from "../domain/authorise.ts";
import { type CommentStatus, nextCommentStatus, visibleCommentStatuses } from "../domain/comment-status.ts";
import type { Comment } from "../domain/comment.ts";
import { done, type Outcome, refuse } from "../domain/outcome.ts";
import { mayReadPost } from "../domain/post-visibility.ts";
import type { CommentStore, Page, PostKey, PostStore, Slice } from "./ports.ts";

export interface Comments {
  /** @param statuses what is asked for; null for what readers see. Others than these take a moderator. */
  list(
    actor: Actor | null,
    post: PostKey,
    statuses: readonly CommentStatus[] | null,
    slice: Slice,
  ): Promise<Outcome<Page<Comment>>>;
  create(
    actor: Actor,
    post: PostKey,
    read: () => Outcome<string>,
    status: "pending" | "published",
  ): Promise<Outcome<Comment>>;
  edit(
    actor: Actor,
    id: string,
    read: () => Outcome<string>,
    matches: MatchesComment,
  ): Promise<Outcome<Comment>>;
  publish(actor: Actor, id: string, matches: MatchesComment): Promise<Outcome<Comment>>;
  remove(actor: Actor, id: string, matches: MatchesComment): Promise<Outcome<Comment>>;
}

/** Tells whether a comment is still as the caller last saw it. */
export type MatchesComment = (comment: Comment) => boolean;

export function createComments(store: CommentStore, posts: PostStore): Comments {
  const findReadablePost = async (actor: Actor | null, key: PostKey): Promise<string | null> => {
    const post = await posts.find(key);
    return post !== null && mayReadPost(actor, post) ? post.id : null;
  };
  const move = (
    actor: Actor,
    id: string,
    action: "publish" | "edit" | "delete",
    matches: MatchesComment,
    read: () => Outcome<string> | null,
  ): Promise<Outcome<Comment>> =>
    store.change(id, (comment) => {
      const permission = action === "edit" ? "comment.update" : (`comment.${action}` as const);
      if (!isAllowed(actor, permission, comment.authorId)) return refuse({ kind: "forbidden" });
      if (!matches(comment)) return refuse({ kind: "changed" });
      const content = read();
      if (content !== null && !content.ok) return content;
      const status = nextCommentStatus(comment.status, action);
      if (status === null) {
        return refuse({ kind: "wrong_state", resource: "comment", from: comment.status, action });
      }
      return done(content === null ? { status } : { status, content: content.value });
    });

  return {
    async list(actor, key, statuses, slice) {
      const postId = await findReadablePost(actor, key);
      if (postId === null) return refuse({ kind: "not_found", resource: "post" });
      const hidden = (statuses ?? []).some((status) => !visibleCommentStatuses.includes(status));
      if (hidden && (actor === null || !isAllowed(actor, "comment.read_pending"))) {
        return refuse({ kind: "forbidden" });
      }
      return done(await store.list(postId, statuses ?? visibleCommentStatuses, slice));
    },

    async create(actor, key, read, status) {
      const postId = await findReadablePost(actor, key);
      if (postId === null) return refuse({ kind: "not_found", resource: "post" });
      const content = read();
      if (!content.ok) return content;
      const comment = await store.create(postId, actor.id, content.value, status);
      return comment === null ? refuse({ kind: "not_found", resource: "post" }) : done(comment);
    },

    edit: (actor, id, read, matches) => move(actor, id, "edit", matches, read),
    publish: (actor, id, matches) => move(actor, id, "publish", matches, () => null),
    remove: (actor, id, matches) => move(actor, id, "delete", matches, () => null),
  };
}
