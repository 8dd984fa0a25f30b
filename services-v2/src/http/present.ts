import type { Comment } from "../domain/comment.ts";
import type { Post } from "../domain/post.ts";
import type { Category, Tag } from "../domain/taxonomy.ts";
import type { User } from "../domain/user.ts";
import { accessTokenSeconds, type AccessTokens } from "../security/access-token.ts";
import type { SignedIn } from "../usecases/accounts.ts";
import type { ApiKey, Term } from "../usecases/ports.ts";

/** The shapes that both APIs show, with their keys in the order of docs/api-v1.md. */
export function presentUser(user: User): object {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    role: user.role,
    is_active: user.isActive,
    email_verified: user.emailVerified,
    last_login: user.lastLogin,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}

export function presentPost(post: Post): object {
  return {
    id: post.id,
    title: post.title,
    slug: post.slug,
    content: post.content,
    excerpt: post.excerpt,
    status: post.status,
    author_id: post.authorId,
    tags: post.tags,
    metadata: {
      meta_title: post.metaTitle,
      meta_description: post.metaDescription,
      categories: post.categories,
    },
    created_at: post.createdAt,
    updated_at: post.updatedAt,
    published_at: post.publishedAt,
  };
}

export function presentComment(comment: Comment): object {
  return {
    id: comment.id,
    post_id: comment.postId,
    author_id: comment.authorId,
    content: comment.content,
    status: comment.status,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
  };
}

export function presentTerm(term: Term): object {
  return { name: term.name, description: term.description, post_count: term.postCount };
}

export function presentTag(tag: Tag): object {
  return {
    id: tag.id,
    name: tag.name,
    slug: tag.slug,
    description: tag.description,
    post_count: tag.postCount,
    created_at: tag.createdAt,
    updated_at: tag.updatedAt,
  };
}

export function presentCategory(category: Category): object {
  return { ...presentTag(category), is_active: category.isActive };
}

export function presentApiKey(key: ApiKey): object {
  return { id: key.id, name: key.name, prefix: key.prefix, created_at: key.createdAt };
}

export function presentSignedIn(signedIn: SignedIn, tokens: AccessTokens, nowMs: number): object {
  const { user, sessionId, refreshToken } = signedIn;
  return {
    user: presentUser(user),
    access_token: tokens.issue({ userId: user.id, sessionId, role: user.role }, nowMs),
    refresh_token: refreshToken,
    expires_in: accessTokenSeconds,
    session_id: sessionId,
  };
}
