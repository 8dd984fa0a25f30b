import type { CommentStatus } from "../domain/comment-status.ts";
import type { Comment } from "../domain/comment.ts";
import type { PostStatus } from "../domain/post-status.ts";
import type { Post } from "../domain/post.ts";
import type { Role } from "../domain/role.ts";
import type { User } from "../domain/user.ts";

/** As the columns below come back; the words for roles and statuses are held to by CHECK constraints. */
export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly role: Role;
  readonly is_active: boolean;
  readonly email_verified: boolean;
  readonly last_login: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Never `*`: the contract migration drops columns, and a prepared statement must not change its result under us. */
export const userColumns = (table: string): string =>
  [
    "id",
    "username",
    "email",
    "first_name",
    "last_name",
    "role",
    "is_active",
    "email_verified",
    "last_login",
    "created_at",
    "updated_at",
  ]
    .map((column) => `${table}.${column}`)
    .join(", ");

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    role: row.role,
    isActive: row.is_active,
    emailVerified: row.email_verified,
    lastLogin: row.last_login,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export interface PostRow {
  readonly id: string;
  readonly title: string;
  readonly slug: string;
  readonly content: string;
  readonly excerpt: string | null;
  readonly status: PostStatus;
  readonly author_id: string;
  readonly meta_title: string | null;
  readonly meta_description: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly published_at: Date | null;
  readonly tags: string[];
  readonly categories: string[];
}

/** The columns of `posts p`, with the names of its tags and categories in their order. */
export const postColumns = `p.id, p.title, p.slug, p.content, p.excerpt, p.status, p.author_id, p.meta_title, p.meta_description,
  p.created_at, p.updated_at, p.published_at,
  ARRAY(SELECT t.name FROM post_tags r JOIN tags t ON t.id = r.tag_id
        WHERE r.post_id = p.id ORDER BY r.position, t.name) AS tags,
  ARRAY(SELECT c.name FROM post_categories r JOIN categories c ON c.id = r.category_id
        WHERE r.post_id = p.id ORDER BY r.position, c.name) AS categories`;

export function toPost(row: PostRow): Post {
  return {
    id: row.id,
    title: row.title,
    slug: row.slug,
    content: row.content,
    excerpt: row.excerpt,
    status: row.status,
    authorId: row.author_id,
    tags: row.tags,
    metaTitle: row.meta_title,
    metaDescription: row.meta_description,
    categories: row.categories,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    publishedAt: row.published_at,
  };
}

export interface CommentRow {
  readonly id: string;
  readonly post_id: string;
  readonly author_id: string;
  readonly content: string;
  readonly status: CommentStatus;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const commentColumns = "id, post_id, author_id, content, status, created_at, updated_at";

export function toComment(row: CommentRow): Comment {
  return {
    id: row.id,
    postId: row.post_id,
    authorId: row.author_id,
    content: row.content,
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
