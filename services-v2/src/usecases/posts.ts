import { type Action, type Actor, isAllowed } from "../domain/authorise.ts";
import { done, type Failure, type Outcome, refuse } from "../domain/outcome.ts";
import { nextPostStatus, type PostAction } from "../domain/post-status.ts";
import { mayReadPost, visibleUnpublished } from "../domain/post-visibility.ts";
import type { NewPost, Post, PostChange } from "../domain/post.ts";
import { numberSlug } from "../domain/slug.ts";
import type { Page, PostFilter, PostKey, PostSortField, PostStore, Slice, Sort } from "./ports.ts";

/** Tells whether a post is still as the caller last saw it. */
export type Matches = (post: Post) => boolean;

export interface SlugPlan {
  /** Made from the title; numbered when it is taken. */
  readonly base: string;
  /** Of the numbered slug, in characters. */
  readonly longest: number;
}

export interface WriteOptions {
  /** Whether a post that the actor may not read is answered as one that is not there. */
  readonly hideUnreadable: boolean;
  readonly matches: Matches;
}

export interface Posts {
  get(actor: Actor | null, key: PostKey): Promise<Outcome<Post>>;
  list(
    actor: Actor | null,
    filter: Omit<PostFilter, "unpublishedOf">,
    sort: Sort<PostSortField>,
    slice: Slice,
  ): Promise<Page<Post>>;
  create(authorId: string, post: NewPost, plan: SlugPlan): Promise<Outcome<Post>>;
  /** @param read reads the change from what was sent, once it is clear that the actor may make one */
  change(
    actor: Actor,
    key: PostKey,
    read: () => Outcome<PostChange>,
    options: WriteOptions,
  ): Promise<Outcome<Post>>;
  move(actor: Actor, key: PostKey, action: PostAction, options: WriteOptions): Promise<Outcome<Post>>;
  remove(actor: Actor, key: PostKey, options: WriteOptions): Promise<Outcome<null>>;
}

/** Two writers that want the same slug at once meet a few times at most; more is a fault. */
const slugAttempts = 40;

export function createPosts(store: PostStore): Posts {
  return {
    async get(actor, key) {
      const post = await store.find(key);
      return post !== null && mayReadPost(actor, post) ? done(post) : refuse(notFound);
    },

    list: (actor, filter, sort, slice) =>
      store.list({ ...filter, unpublishedOf: visibleUnpublished(actor) }, sort, slice),

    async create(authorId, post, plan) {
      if (post.slug !== null) {
        const created = await store.create(post, post.slug, authorId);
        return created === null ? refuse(slugTaken) : done(created);
      }
      let number = await store.nextFreeNumber(plan.base);
      for (let attempt = 1; attempt <= slugAttempts; attempt += 1) {
        const slug = number === null ? plan.base : numberSlug(plan.base, number, plan.longest);
        const created = await store.create(post, slug, authorId);
        if (created !== null) return done(created);
        const next = await store.nextFreeNumber(plan.base);
        // A base that had to be cut collides with numbers of its shorter form; then only going on helps.
        number = next !== null && next !== number ? next : (number ?? 1) + attempt;
      }
      return refuse(slugTaken);
    },

    change: (actor, key, read, options) =>
      store.change(key, (post) => {
        const refusal = refuseWrite(actor, "post.update", post, options);
        return refusal === null ? read() : refuse(refusal);
      }),

    move: (actor, key, action, options) =>
      store.change(key, (post) => {
        const refusal = refuseWrite(actor, `post.${action}`, post, options);
        if (refusal !== null) return refuse(refusal);
        const status = nextPostStatus(post.status, action);
        return status === null
          ? refuse({ kind: "wrong_state", resource: "post", from: post.status, action })
          : done({ status });
      }),

    remove: (actor, key, options) =>
      store.remove(key, (post) => {
        const refusal = refuseWrite(actor, "post.delete", post, options);
        return refusal === null ? done(null) : refuse(refusal);
      }),
  };
}

const notFound: Failure = { kind: "not_found", resource: "post" };
const slugTaken: Failure = { kind: "duplicate", resource: "post", field: "slug" };

function refuseWrite(actor: Actor, action: Action, post: Post, options: WriteOptions): Failure | null {
  if (options.hideUnreadable && !mayReadPost(actor, post)) return notFound;
  if (!isAllowed(actor, action, post.authorId)) return { kind: "forbidden" };
  return options.matches(post) ? null : { kind: "changed" };
}
