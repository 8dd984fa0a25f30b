import { expect } from "vitest";
import type { Answer } from "./client.ts";
import { column, idOf, unique, writePost } from "./scene.ts";
import type { Check, Scene } from "./scene.ts";

const missing = "00000000-0000-4000-8000-000000000000";

/** Three published posts and a draft under a tag of their own, oldest first. */
async function writeTagged(scene: Scene): Promise<{ readonly tag: string; readonly ids: readonly string[] }> {
  const tag = unique();
  const ids: string[] = [];
  for (const [title, status] of [
    ["b", "published"],
    ["C", "published"],
    ["a", "published"],
    ["d", "draft"],
  ]) {
    ids.push(idOf(await writePost(scene, { title: `${title} ${tag}`, status, tags: [tag] })));
  }
  return { tag, ids };
}

const paging: readonly (readonly [query: string, page: number, limit: number])[] = [
  ["", 1, 20],
  ["page=2&limit=5", 2, 5],
  ["page=0&limit=0", 1, 20],
  ["page=-1&limit=-5", 1, 20],
  ["page=x&limit=1.5", 1, 20],
  ["page=&limit=", 1, 20],
  ["limit=100", 1, 100],
  ["limit=101", 1, 100],
  ["limit=999999999", 1, 100],
  ["limit=1000000000", 1, 20],
  ["page=1e3", 1, 20],
  ["page=03&limit=07", 3, 7],
  ["page=2&page=3", 2, 20],
  ["page=%32", 2, 20],
  ["page=+2", 1, 20],
];

const pages: readonly Check[] = paging.map(([query, page, limit]) => ({
  name: `a list asked with "?${query}" is page ${page} of ${limit} each`,
  run: async ({ send }) => {
    const answer = await send("GET", `/api/v1/posts?${query}`);
    expect(answer.status).toBe(200);
    expect([answer.at("data", "page"), answer.at("data", "limit")]).toEqual([page, limit]);
    const total = Number(answer.at("data", "total"));
    expect(answer.at("data", "total_pages")).toBe(Math.ceil(total / limit));
    expect(column(answer, "id").length).toBe(Math.max(0, Math.min(limit, total - (page - 1) * limit)));
  },
}));

const lists: readonly Check[] = [
  {
    name: "posts come newest first, pages have no gaps and no overlaps, and one past the end is empty",
    run: async (scene) => {
      const { tag, ids } = await writeTagged(scene);
      const page = (n: number): Promise<Answer> =>
        scene.send("GET", `/api/v1/posts?tag=${tag}&limit=2&page=${n}`);
      const [first, second, third] = [await page(1), await page(2), await page(999_999_999)];
      expect([...column(first, "id"), ...column(second, "id")]).toEqual([ids[2], ids[1], ids[0]]);
      expect(column(third, "id")).toEqual([]);
      expect([first.at("data", "total"), first.at("data", "total_pages")]).toEqual([3, 2]);
      expect(Object.keys(Object(first.data)).join(" ")).toBe("items total page limit total_pages");
    },
  },
  ...[
    ["title", [1, 2, 0]],
    ["-title", [0, 2, 1]],
    ["created_at", [0, 1, 2]],
    ["-created_at", [2, 1, 0]],
    ["published_at", [0, 1, 2]],
    ["-updated_at", [2, 1, 0]],
    ["author_id", [2, 1, 0]],
    ["--title", [2, 1, 0]],
    ["TITLE", [2, 1, 0]],
  ].map(([sort, order]): Check => ({
    name: `posts sorted by ${String(sort)} come in that order, unknown ones newest first`,
    run: async (scene) => {
      const { tag, ids } = await writeTagged(scene);
      const answer = await scene.send("GET", `/api/v1/posts?tag=${tag}&sort=${String(sort)}`);
      const expected = Array.isArray(order) ? order.map((index) => ids[index]) : [];
      expect(column(answer, "id")).toEqual(expected);
    },
  })),
  {
    name: "lists show published posts, and to authors their own, and to editors everything",
    run: async (scene) => {
      const { tag } = await writeTagged(scene);
      const total = async (token?: string): Promise<unknown> =>
        (await scene.send("GET", `/api/v1/posts?tag=${tag}`, { token })).at("data", "total");
      const { author, editor, subscriber, admin } = scene.accounts;
      expect([await total(), await total(subscriber.token)]).toEqual([3, 3]);
      expect([await total(author.token), await total(editor.token), await total(admin.token)]).toEqual([
        4, 4, 4,
      ]);
    },
  },
  {
    name: "lists are narrowed by status, author and tag, and an unknown status is ignored",
    run: async (scene) => {
      const { tag } = await writeTagged(scene);
      const { author, admin } = scene.accounts;
      const total = async (query: string): Promise<unknown> =>
        (await scene.send("GET", `/api/v1/posts?tag=${tag}&${query}`, { token: author.token })).at(
          "data",
          "total",
        );
      expect([await total("status=draft"), await total("status=published")]).toEqual([1, 3]);
      expect([await total("status=archived"), await total("status=gone")]).toEqual([0, 4]);
      expect([await total(`author=${author.id}`), await total(`author=${admin.id}`)]).toEqual([4, 0]);
      expect([await total("author=x"), await total("author=")]).toEqual([0, 4]);
    },
  },
  {
    name: "the tag of a filter is trimmed and put in lower case",
    run: async (scene) => {
      const { tag } = await writeTagged(scene);
      const answer = await scene.send("GET", `/api/v1/posts?tag=%20${tag.toUpperCase()}%20`);
      expect(answer.at("data", "total")).toBe(3);
    },
  },
  {
    name: "tags count published posts, follow every change, and go with the last of them",
    run: async (scene) => {
      const { tag, ids } = await writeTagged(scene);
      const { token } = scene.accounts.author;
      const count = async (): Promise<unknown> => countOf(scene, "tags", tag);
      expect(await count()).toBe(3);
      await scene.send("PUT", `/api/v1/posts/${ids[0]}`, { token, json: { status: "draft" } });
      expect(await count()).toBe(2);
      await scene.send("PUT", `/api/v1/posts/${ids[1]}`, { token, json: { tags: [] } });
      expect(await count()).toBe(1);
      await scene.send("DELETE", `/api/v1/posts/${ids[2]}`, { token });
      expect(await count()).toBeUndefined();
    },
  },
  {
    name: "categories count the same way and are told apart by case",
    run: async (scene) => {
      const name = `Cat ${unique()}`;
      const categories = [name, name.toUpperCase()];
      await writePost(scene, { status: "published", metadata: { categories } });
      await writePost(scene, { status: "published", metadata: { categories: [name] } });
      await writePost(scene, { metadata: { categories } });
      expect(await countOf(scene, "categories", name)).toBe(2);
      expect(await countOf(scene, "categories", name.toUpperCase())).toBe(1);
    },
  },
  {
    name: "terms come by code point, with a description where there is one",
    run: async ({ send }) => {
      const answer = await send("GET", "/api/v1/categories?limit=100");
      const names = column(answer, "name").map(String);
      expect(names).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      const items = answer.at("data", "items");
      const news = Array.isArray(items) ? items.find((item) => item.name === "News") : undefined;
      expect(Object.keys(Object(news)).join(" ")).toBe("name description post_count");
      expect(Object(news).description).toBe("Posts filed under News");
    },
  },
];

async function countOf(scene: Scene, terms: "tags" | "categories", name: string): Promise<unknown> {
  for (let page = 1; ; page += 1) {
    const answer = await scene.send("GET", `/api/v1/${terms}?limit=100&page=${page}`);
    const index = column(answer, "name").indexOf(name);
    if (index >= 0) return column(answer, "post_count")[index];
    if (page >= Number(answer.at("data", "total_pages"))) return undefined;
  }
}

const search: readonly Check[] = [
  {
    name: "the search finds text in title and content, whatever its case, titles first, drafts never",
    run: async (scene) => {
      const word = unique();
      const inText = idOf(await writePost(scene, { content: `Some ${word} here`, status: "published" }));
      const inTitle = idOf(await writePost(scene, { title: `X${word.toUpperCase()}y`, status: "published" }));
      await writePost(scene, { title: word });
      const newest = idOf(await writePost(scene, { content: word, status: "published" }));
      const answer = await scene.send("GET", `/api/v1/search?q=${word}`);
      expect(column(answer, "id")).toEqual([inTitle, newest, inText]);
      expect(Object.keys(Object(answer.data)).join(" ")).toBe("items total limit offset");
      const second = await scene.send("GET", `/api/v1/search?q=${word}&limit=1&offset=1`);
      expect([column(second, "id"), second.at("data", "total")]).toEqual([[newest], 3]);
    },
  },
  {
    name: "wildcards and backslashes in a search mean themselves",
    run: async (scene) => {
      const word = unique();
      await writePost(scene, { title: `${word} 100% a_b c\\d`, status: "published" });
      const total = async (q: string): Promise<unknown> =>
        (await scene.send("GET", `/api/v1/search?q=${encodeURIComponent(`${word}${q}`)}`)).at(
          "data",
          "total",
        );
      expect([await total(" 100%"), await total(" 100% a_b"), await total(" 100% a_b c\\d")]).toEqual([
        1, 1, 1,
      ]);
      expect([await total("%"), await total("_"), await total("\\")]).toEqual([0, 0, 0]);
    },
  },
  {
    name: "the search folds the case of all letters, and takes a NUL for nothing",
    run: async (scene) => {
      const word = unique();
      await writePost(scene, { title: `${word} ÄÖÉ`, status: "published" });
      const q = encodeURIComponent(`${word} äöé`);
      expect((await scene.send("GET", `/api/v1/search?q=${q}%00`)).at("data", "total")).toBe(1);
    },
  },
  {
    name: "suggestions are the different titles that begin with the text, by code point",
    run: async (scene) => {
      const word = unique();
      for (const title of [`${word} b`, `${word} a`, `${word} a`, `x ${word}`]) {
        await writePost(scene, { title, status: "published" });
      }
      const answer = await scene.send("GET", `/api/v1/search/suggest?q=${word.toUpperCase()}`);
      expect([answer.at("data", "items"), answer.at("data", "total")]).toEqual([
        [`${word} a`, `${word} b`],
        2,
      ]);
    },
  },
];

const comments: readonly Check[] = [
  {
    name: "comments are published at once and listed oldest first",
    run: async (scene) => {
      const path = `/api/v1/posts/${idOf(await writePost(scene, { status: "published" }))}/comments`;
      const { subscriber } = scene.accounts;
      for (const content of [" first ", "second", "third"]) {
        const made = await scene.send("POST", path, { token: subscriber.token, json: { content } });
        expect(made.status).toBe(201);
        expect(Object.keys(Object(made.data)).join(" ")).toBe(
          "id post_id author_id content status created_at updated_at",
        );
        expect([made.at("data", "status"), made.at("data", "author_id")]).toEqual([
          "published",
          subscriber.id,
        ]);
      }
      const list = await scene.send("GET", `${path}?limit=2&sort=-created_at`);
      expect([column(list, "content"), list.at("data", "total")]).toEqual([["first", "second"], 3]);
    },
  },
  {
    name: "comments of a post that cannot be seen are not found",
    run: async ({ send, accounts, draft }) => {
      for (const id of [draft, missing, "x"]) {
        const path = `/api/v1/posts/${id}/comments`;
        const list = await send("GET", path);
        expect([list.status, list.error]).toEqual([404, "Post not found"]);
        const token = accounts.subscriber.token;
        expect((await send("POST", path, { token, json: { content: "c" } })).status).toBe(404);
      }
    },
  },
];

/** Lists, terms, searches and comments. */
export const listChecks = [...pages, ...lists, ...search, ...comments];
