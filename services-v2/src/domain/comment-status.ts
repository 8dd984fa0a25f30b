export const commentStatuses = ["pending", "published", "edited", "deleted"] as const;

export type CommentStatus = (typeof commentStatuses)[number];

export type CommentAction = "publish" | "edit" | "delete";

const transitions: Readonly<Record<CommentAction, Partial<Readonly<Record<CommentStatus, CommentStatus>>>>> =
  {
    publish: { pending: "published" },
    edit: { published: "edited", edited: "edited" },
    delete: { published: "deleted", edited: "deleted" },
  };

/** What readers of a post get to see. */
export const visibleCommentStatuses: readonly CommentStatus[] = ["published", "edited"];

export function isCommentStatus(value: unknown): value is CommentStatus {
  return commentStatuses.some((status) => status === value);
}

/** The status that the action leads to, or null when it is not allowed from here. */
export function nextCommentStatus(from: CommentStatus, action: CommentAction): CommentStatus | null {
  return transitions[action][from] ?? null;
}
