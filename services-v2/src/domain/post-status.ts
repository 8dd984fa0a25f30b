export const postStatuses = ["draft", "published", "archived"] as const;

export type PostStatus = (typeof postStatuses)[number];

export type PostAction = "publish" | "archive";

const transitions: Readonly<Record<PostAction, Partial<Readonly<Record<PostStatus, PostStatus>>>>> = {
  publish: { draft: "published" },
  archive: { draft: "archived", published: "archived" },
};

export function isPostStatus(value: unknown): value is PostStatus {
  return postStatuses.some((status) => status === value);
}

/** The status that the action leads to, or null when it is not allowed from here. */
export function nextPostStatus(from: PostStatus, action: PostAction): PostStatus | null {
  return transitions[action][from] ?? null;
}
