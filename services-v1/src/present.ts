import type { ApiKeyRow } from "./stores/api-key-store.ts";
import type { CommentRow } from "./stores/comment-store.ts";
import type { PostRow } from "./stores/post-store.ts";
import type { UserRow } from "./stores/user-store.ts";

/** Rows as API v1 shows them. The order of the keys is part of the contract. */
export function presentUser(row: UserRow): object {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    first_name: row.first_name,
    last_name: row.last_name,
    role: row.role,
    is_active: row.is_active,
    email_verified: row.email_verified,
    last_login: row.last_login?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function presentPost(row: PostRow): object {
  return {
    id: row.id,
    title: row.title,
    slug: row.slug,
    content: row.content,
    excerpt: row.excerpt,
    status: row.status,
    author_id: row.author_id,
    tags: row.tags,
    metadata: {
      meta_title: row.meta_title,
      meta_description: row.meta_description,
      categories: row.categories,
    },
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    published_at: row.published_at?.toISOString() ?? null,
  };
}

export function presentComment(row: CommentRow): object {
  return {
    id: row.id,
    post_id: row.post_id,
    author_id: row.author_id,
    content: row.content,
    status: row.status,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function presentApiKey(row: ApiKeyRow): object {
  return { id: row.id, name: row.name, prefix: row.prefix, created_at: row.created_at.toISOString() };
}
