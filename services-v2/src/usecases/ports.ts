import type { CommentStatus } from "../domain/comment-status.ts";
import type { Comment } from "../domain/comment.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { PostStatus } from "../domain/post-status.ts";
import type { NewPost, Post, PostChange } from "../domain/post.ts";
import type { Category, LabelChange, NewLabel, Tag } from "../domain/taxonomy.ts";
import type { NewUser, User, UserChange } from "../domain/user.ts";

export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** @param stored null when there is no such account: the same work is done, and the answer is false */
  verify(password: string, stored: string | null): Promise<boolean>;
}

export interface Secrets {
  newRefreshToken(): string;
  newApiKey(): string;
  hash(secret: string): string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Of all pages together. */
  readonly total: number;
}

export interface Slice {
  readonly offset: number;
  readonly limit: number;
}

export interface Sort<Field extends string> {
  readonly field: Field;
  readonly descending: boolean;
}

export type PostSortField = "created_at" | "updated_at" | "published_at" | "title";
export type UserSortField = "created_at" | "updated_at" | "username";

export interface PostFilter {
  readonly status: PostStatus | null;
  readonly authorId: string | null;
  /** By its name, or by its slug. */
  readonly tag: { readonly by: "name" | "slug"; readonly value: string } | null;
  /** By its slug. */
  readonly category: string | null;
  /** Whose posts are seen beside the published ones: everybody's, one author's, nobody's. */
  readonly unpublishedOf: "everyone" | { readonly authorId: string } | "nobody";
}

export type PostKey = { readonly id: string } | { readonly slug: string };

export interface OpenedSession {
  readonly user: User;
  readonly sessionId: string;
}

export type UserField = "email" | "username";

export interface AccountStore {
  /** Makes the account and its first session at once, or says which field is taken (the email first). */
  register(user: NewUser, passwordHash: string, tokenHash: string): Promise<OpenedSession | UserField>;
  findPassword(
    email: string,
  ): Promise<{ readonly userId: string; readonly isActive: boolean; readonly hash: string } | null>;
  /** Notes the login and opens a session; null when the user has been deactivated meanwhile. */
  openSession(userId: string, tokenHash: string): Promise<OpenedSession | null>;
  /** Exchanges a live refresh token for another; of two that try at once one gets null. */
  rotateSession(oldHash: string, newHash: string): Promise<OpenedSession | null>;
  endSession(sessionId: string, userId: string): Promise<void>;
  /** The active user of a session, or of a token without one. */
  findBySession(userId: string, sessionId: string | null): Promise<User | null>;
  findByApiKey(keyHash: string): Promise<User | null>;
}

export interface UserStore {
  find(id: string): Promise<User | null>;
  list(sort: Sort<UserSortField>, slice: Slice): Promise<Page<User>>;
  create(user: NewUser, passwordHash: string): Promise<User | UserField>;
  /** Changes the user as `decide` says, which sees the record that is being changed and nobody else can change. */
  change(
    id: string,
    decide: (user: User) => Outcome<UserChange>,
    passwordHash: string | null,
  ): Promise<Outcome<User>>;
}

export interface PostStore {
  find(key: PostKey): Promise<Post | null>;
  list(filter: PostFilter, sort: Sort<PostSortField>, slice: Slice): Promise<Page<Post>>;
  /** Null when the slug is taken. */
  create(post: NewPost, slug: string, authorId: string): Promise<Post | null>;
  /** The smallest `n` from 2 on for which `<slug>-<n>` is free, or null when `slug` itself is. */
  nextFreeNumber(slug: string): Promise<number | null>;
  /** As for users. `publishedAt` is set by the store when a post becomes published for the first time. */
  change(key: PostKey, decide: (post: Post) => Outcome<PostChange>): Promise<Outcome<Post>>;
  remove(key: PostKey, decide: (post: Post) => Outcome<null>): Promise<Outcome<null>>;
}

export interface CommentStore {
  list(postId: string, statuses: readonly CommentStatus[], slice: Slice): Promise<Page<Comment>>;
  create(postId: string, authorId: string, content: string, status: CommentStatus): Promise<Comment | null>;
  find(id: string): Promise<Comment | null>;
  change(
    id: string,
    decide: (comment: Comment) => Outcome<{ readonly content?: string; readonly status: CommentStatus }>,
  ): Promise<Outcome<Comment>>;
}

/** A name in use, with the number of published posts that carry it. */
export interface Term {
  readonly name: string;
  readonly description: string | null;
  readonly postCount: number;
}

export type LabelField = "name" | "slug";

export interface TaxonomyStore {
  listTagsInUse(slice: Slice): Promise<Page<Term>>;
  listCategoriesInUse(slice: Slice): Promise<Page<Term>>;
  listTags(slice: Slice): Promise<Page<Tag>>;
  findTag(slug: string): Promise<Tag | null>;
  createTag(tag: NewLabel): Promise<Tag | LabelField>;
  listCategories(slice: Slice): Promise<Page<Category>>;
  findCategory(slug: string): Promise<Category | null>;
  createCategory(category: NewLabel): Promise<Category | LabelField>;
  changeCategory(
    slug: string,
    decide: (category: Category) => Outcome<LabelChange & { readonly isActive?: boolean }>,
  ): Promise<Outcome<Category>>;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly createdAt: Date;
}

export interface ApiKeyStore {
  create(userId: string, name: string, prefix: string, keyHash: string): Promise<ApiKey>;
  list(userId: string, slice: Slice): Promise<Page<ApiKey>>;
  /** Whether there was such a key of that user. */
  remove(id: string, userId: string): Promise<boolean>;
}

export interface FoundPost extends Post {
  readonly rank: number;
}

export interface SearchStore {
  /** Published posts that contain the text as it is, whatever the case; API v1's search. */
  containing(text: string, slice: Slice): Promise<Page<Post>>;
  /** Distinct titles of published posts that begin with the text. */
  titlesBeginning(text: string, slice: Slice): Promise<Page<string>>;
  /** Published posts by PostgreSQL's full text search, best first. */
  ranked(query: string, slice: Slice): Promise<Page<FoundPost>>;
}

export interface RateLimits {
  /** Counts one attempt. @returns seconds to wait when it is one too many, else null */
  count(key: string, limit: number, windowSeconds: number): Promise<number | null>;
}
