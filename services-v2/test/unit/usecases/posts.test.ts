import { describe, expect, it } from "vitest";
import type { Actor } from "../../../src/domain/authorise.ts";
import { done, refuse } from "../../../src/domain/outcome.ts";
import type { NewPost, Post } from "../../../src/domain/post.ts";
import type { PostStore } from "../../../src/usecases/ports.ts";
import { createPosts, type WriteOptions } from "../../../src/usecases/posts.ts";

const draft: NewPost = {
  title: "T",
  slug: null,
  content: "c",
  excerpt: null,
  status: "draft",
  tags: [],
  metaTitle: null,
  metaDescription: null,
  categories: [],
};

/** The port kept in a map: what is tested is the use case, what PostgreSQL does is tested against PostgreSQL. */
function createStore(takenSlugs: readonly string[]): PostStore & { readonly slugs: Set<string> } {
  const slugs = new Set(takenSlugs);
  const make = (post: NewPost, slug: string, authorId: string): Post => {
    const now = new Date(0);
    return { ...post, id: slug, slug, authorId, createdAt: now, updatedAt: now, publishedAt: null };
  };
  const kept = make(draft, "kept", "owner");
  return {
    slugs,
    find: async () => kept,
    list: async () => ({ items: [], total: 0 }),
    async create(post, slug, authorId) {
      if (slugs.has(slug)) return null;
      slugs.add(slug);
      return make(post, slug, authorId);
    },
    async nextFreeNumber(slug) {
      if (!slugs.has(slug)) return null;
      let number = 2;
      while (slugs.has(`${slug}-${number}`)) number += 1;
      return number;
    },
    async change(_key, decide) {
      const decision = decide(kept);
      if (!decision.ok) return decision;
      return done({ ...kept, status: decision.value.status ?? kept.status });
    },
    remove: async (_key, decide) => decide(kept),
  };
}

const slugOf = async (store: PostStore, base: string, longest = 50): Promise<string> => {
  const created = await createPosts(store).create("owner", draft, { base, longest });
  return created.ok ? created.value.slug : created.failure.kind;
};

describe("choosing a slug", () => {
  it("takes the plain one, then the smallest number that is free", async () => {
    const store = createStore(["a-3"]);
    expect([await slugOf(store, "a"), await slugOf(store, "a"), await slugOf(store, "a")]).toEqual([
      "a",
      "a-2",
      "a-4",
    ]);
  });

  it("goes on when another writer is faster", async () => {
    const store = createStore(["a"]);

    let lost = 3;
    const racing: PostStore = {
      ...store,
      async create(post, slug, authorId) {
        if (lost > 0) {
          lost -= 1;
          store.slugs.add(slug);
        }
        return store.create(post, slug, authorId);
      },
    };
    expect(await slugOf(racing, "a")).toBe("a-5");
  });

  it("finds one among long slugs that have to be cut for their number", async () => {
    const base = "x".repeat(50);
    const store = createStore([base, ...[2, 3, 4].map((number) => `${"x".repeat(48)}-${number}`)]);
    const slug = await slugOf(store, base);
    expect(slug).toMatch(/^x+-\d+$/u);
    expect(slug.length).toBeLessThanOrEqual(50);
  });

  it("does not replace one that was asked for", async () => {
    const created = await createPosts(createStore(["mine"])).create(
      "owner",
      { ...draft, slug: "mine" },
      { base: "t", longest: 50 },
    );
    expect(created).toEqual(refuse({ kind: "duplicate", resource: "post", field: "slug" }));
  });
});

describe("changing a post", () => {
  const options: WriteOptions = { hideUnreadable: true, matches: () => true };
  const owner: Actor = { id: "owner", role: "author" };
  const stranger: Actor = { id: "stranger", role: "author" };
  const posts = createPosts(createStore([]));
  const key = { slug: "kept" };

  it("hides a draft from strangers in API v2 and forbids it in API v1", async () => {
    const change = (hideUnreadable: boolean): ReturnType<typeof posts.change> =>
      posts.change(stranger, key, () => done({}), { ...options, hideUnreadable });
    expect(await change(true)).toMatchObject({ failure: { kind: "not_found" } });
    expect(await change(false)).toMatchObject({ failure: { kind: "forbidden" } });
  });

  it("looks at the precondition before the fields, and at the permission before both", async () => {
    let read = false;
    const readFields = (): ReturnType<typeof done<object>> => {
      read = true;
      return done({});
    };
    const stale = { ...options, matches: () => false };
    expect(await posts.change(owner, key, readFields, stale)).toMatchObject({ failure: { kind: "changed" } });
    expect(read).toBe(false);
    expect(await posts.remove(stranger, key, { ...stale, hideUnreadable: false })).toMatchObject({
      failure: { kind: "forbidden" },
    });
  });

  it("moves along the state machine", async () => {
    expect(await posts.move(owner, key, "publish", options)).toMatchObject({
      value: { status: "published" },
    });
    const contributor: Actor = { id: "owner", role: "contributor" };
    expect(await posts.move(contributor, key, "publish", options)).toMatchObject({
      failure: { kind: "forbidden" },
    });
  });
});
