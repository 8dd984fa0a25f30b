import { conflict, forbidden, notFound } from "../api-error.ts";
import type { Caller } from "../authenticate.ts";
import { type Database, violatedUniqueConstraint } from "../database.ts";
import { FieldReader } from "../fields.ts";
import { type PostInput, readPost, slugFromTitle } from "../post-fields.ts";
import { reaches } from "../roles.ts";
import type { PostFields, PostFilter, PostRow, PostStore } from "../stores/post-store.ts";
import type { UserStore } from "../stores/user-store.ts";
import { isUuid } from "../tokens.ts";

/** How often a generated slug is tried again when another post takes it at the same moment. */
const slugAttempts = 100;

export class PostService {
  readonly #database: Database;
  readonly #posts: PostStore;
  readonly #users: UserStore;

  constructor(database: Database, posts: PostStore, users: UserStore) {
    this.#database = database;
    this.#posts = posts;
    this.#users = users;
  }

  /** @throws ApiError 404 when there is no such post or the caller may not see it. */
  async read(id: string, caller: Caller | undefined): Promise<PostRow> {
    const post = await this.#find(id);
    const visible = visibleTo(caller);
    const seen =
      visible === "all" ||
      post.status === "published" ||
      (visible !== "published" && post.author_id === visible.alsoBy);
    if (!seen) throw notFound("Post");
    return post;
  }

  /** @throws ApiError 400, 422, 409. */
  async create(body: unknown, caller: Caller): Promise<PostRow> {
    const fields = FieldReader.ofBody(body);
    const input = readPost(fields, true);
    fields.finish();
    return this.#insert(caller.user.id, input);
  }

  /** As `create`, for another author if `author_id` says so. */
  async createFor(body: unknown, caller: Caller): Promise<PostRow> {
    const fields = FieldReader.ofBody(body);
    const input = readPost(fields, true);
    const authorId = fields.has("author_id") ? await this.#readAuthor(fields) : caller.user.id;
    fields.finish();
    return this.#insert(authorId, input);
  }

  /** @throws ApiError 400, 404, 403, 422, 409. */
  async update(id: string, body: unknown, caller: Caller): Promise<PostRow> {
    const fields = FieldReader.ofBody(body);
    const post = await this.#findWritable(id, caller);
    const input = readPost(fields, false);
    fields.finish();
    try {
      const updated = await this.#database.retrying(() => this.#posts.update(id, merge(post, input)));
      if (!updated) throw notFound("Post");
      return updated;
    } catch (error) {
      throw slugTaken(error) ?? error;
    }
  }

  /** @throws ApiError 404, 403. */
  async remove(id: string, caller: Caller): Promise<void> {
    await this.#findWritable(id, caller);
    if (!(await this.#database.retrying(() => this.#posts.remove(id)))) throw notFound("Post");
  }

  async #insert(authorId: string, input: PostInput): Promise<PostRow> {
    const { title = "", content = "" } = input;
    const base = slugFromTitle(title);
    for (let attempt = 1; ; attempt += 1) {
      const slug = input.slug ?? (await this.#posts.findFreeSlug(base));
      const post: PostFields = {
        title,
        content,
        slug,
        excerpt: input.excerpt ?? null,
        status: input.status ?? "draft",
        tags: input.tags ?? [],
        categories: input.categories ?? [],
        metaTitle: input.metaTitle ?? null,
        metaDescription: input.metaDescription ?? null,
      };
      try {
        return await this.#database.retrying(() => this.#posts.insert(authorId, post));
      } catch (error) {
        const taken = slugTaken(error);
        if (!taken) throw error;
        if (input.slug !== undefined || attempt === slugAttempts) throw taken;
      }
    }
  }

  async #readAuthor(fields: FieldReader): Promise<string> {
    const field = "author_id";
    const given = fields.raw(field);
    if (typeof given === "string" && given.includes("\0")) {
      fields.fail(field, "must not contain the NUL character");
    } else if (!isUuid(given) || !(await this.#users.findById(given))) {
      fields.fail(field, "must be the id of an existing user");
    } else {
      return given;
    }
    return "";
  }

  async #find(id: string): Promise<PostRow> {
    const post = isUuid(id) ? await this.#posts.findById(id) : undefined;
    if (!post) throw notFound("Post");
    return post;
  }

  async #findWritable(id: string, caller: Caller): Promise<PostRow> {
    const post = await this.#find(id);
    if (post.author_id !== caller.user.id && !reaches(caller.user.role, "editor")) throw forbidden();
    return post;
  }
}

/** Editors and up see everything, others what is published and their own, nobody in particular what is published. */
export function visibleTo(caller: Caller | undefined): PostFilter["visible"] {
  if (!caller) return "published";
  return reaches(caller.user.role, "editor") ? "all" : { alsoBy: caller.user.id };
}

function merge(post: PostRow, input: PostInput): PostFields {
  return {
    title: input.title ?? post.title,
    content: input.content ?? post.content,
    slug: input.slug ?? post.slug,
    excerpt: input.excerpt === undefined ? post.excerpt : input.excerpt,
    status: input.status ?? post.status,
    tags: input.tags ?? post.tags,
    categories: input.categories ?? post.categories,
    metaTitle: input.metaTitle === undefined ? post.meta_title : input.metaTitle,
    metaDescription: input.metaDescription === undefined ? post.meta_description : input.metaDescription,
  };
}

function slugTaken(error: unknown): Error | undefined {
  return violatedUniqueConstraint(error) === "posts_slug_key"
    ? conflict("A post with this slug already exists")
    : undefined;
}
