import type { PostStatus } from "./post-status.ts";

export interface Post {
  readonly id: string;
  readonly title: string;
  readonly slug: string;
  readonly content: string;
  readonly excerpt: string | null;
  readonly status: PostStatus;
  readonly authorId: string;
  readonly tags: readonly string[];
  readonly metaTitle: string | null;
  readonly metaDescription: string | null;
  readonly categories: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly publishedAt: Date | null;
}

export interface NewPost {
  readonly title: string;
  /** Absent: made from the title. */
  readonly slug: string | null;
  readonly content: string;
  readonly excerpt: string | null;
  readonly status: PostStatus;
  readonly tags: readonly string[];
  readonly metaTitle: string | null;
  readonly metaDescription: string | null;
  readonly categories: readonly string[];
}

/** Fields that are absent stay as they are. */
export type PostChange = Partial<NewPost>;
