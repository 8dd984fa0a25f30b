import { expect } from "vitest";
import type { Answer } from "./client.ts";
import { idOf, unique, writePost } from "./scene.ts";
import type { Check, Scene } from "./scene.ts";

const postKeys =
  "id title slug content excerpt status author_id tags metadata created_at updated_at published_at";

const change = (scene: Scene, id: string, json: object): Promise<Answer> =>
  scene.send("PUT", `/api/v1/posts/${id}`, { token: scene.accounts.author.token, json });

const read = (scene: Scene, id: string, token?: string): Promise<Answer> =>
  scene.send("GET", `/api/v1/posts/${id}`, { token });

/** A title, and the slug that comes from it; the tail keeps slugs of different runs apart. */
const slugs: readonly (readonly [title: string, slug: string])[] = [
  ["Hello, World!", "hello-world"],
  ["  --Crème Brûlée--  ", "creme-brulee"],
  ["ﬁne Ⅳ ½", "fine-iv-1-2"],
  ["a_b.c/d", "a-b-c-d"],
  ["日本語 x", "x"],
  ["ΑΒΓ İ 1", "i-1"],
];

const slugsOfTitles: readonly Check[] = slugs.map(([title, slug]) => ({
  name: `the slug of "${title}" is ${slug}`,
  run: async (scene) => {
    const tail = unique();
    const answer = await writePost(scene, { title: `${title} ${tail}` });
    expect(answer.at("data", "slug")).toBe(`${slug}-${tail}`);
  },
}));

const writing: readonly Check[] = [
  {
    name: "a post has every key in its order, and is a draft unless told otherwise",
    run: async (scene) => {
      const answer = await writePost(scene);
      expect(Object.keys(Object(answer.data)).join(" ")).toBe(postKeys);
      expect(Object.keys(Object(answer.at("data", "metadata"))).join(" ")).toBe(
        "meta_title meta_description categories",
      );
      expect(answer.data).toMatchObject({
        status: "draft",
        author_id: scene.accounts.author.id,
        excerpt: null,
        tags: [],
        metadata: { meta_title: null, meta_description: null, categories: [] },
        published_at: null,
      });
      expect(answer.at("data", "updated_at")).toBe(answer.at("data", "created_at"));
    },
  },
  {
    name: "what was written is what is read",
    run: async (scene) => {
      const written = await writePost(scene, {
        title: "Ünïcode 😀 title",
        content: "  spaces stay,\r\nas do lines \u2028 and 漢字  ",
        excerpt: " trimmed ",
        status: "published",
        tags: ["zzz tag", "aaa tag"],
        metadata: { meta_title: "mt", meta_description: "md", categories: ["Zoo", "Art"] },
      });
      expect(written.data).toMatchObject({
        content: "  spaces stay,\r\nas do lines \u2028 and 漢字  ",
        excerpt: "trimmed",
        tags: ["zzz tag", "aaa tag"],
        metadata: { meta_title: "mt", meta_description: "md", categories: ["Zoo", "Art"] },
      });
      expect((await read(scene, idOf(written))).data).toEqual(written.data);
    },
  },
  {
    name: "unknown fields are ignored, an author_id among them",
    run: async (scene) => {
      const answer = await writePost(scene, { author_id: scene.accounts.admin.id, id: "x", views: 7 });
      expect(answer.at("data", "author_id")).toBe(scene.accounts.author.id);
    },
  },
  {
    name: "the same title again gets the smallest number from 2 that is free",
    run: async (scene) => {
      const title = `Same ${unique()}`;
      const slug = title.toLowerCase().replace(" ", "-");
      const made = [];
      for (let n = 0; n < 3; n += 1) made.push(await writePost(scene, { title }));
      expect(made.map((each) => each.at("data", "slug"))).toEqual([slug, `${slug}-2`, `${slug}-3`]);
      const second = made[1];
      if (second === undefined) throw new Error("three were made");
      await scene.send("DELETE", `/api/v1/posts/${idOf(second)}`, { token: scene.accounts.author.token });
      expect((await writePost(scene, { title })).at("data", "slug")).toBe(`${slug}-2`);
    },
  },
  {
    name: "eight posts of one title written at once get eight slugs",
    run: async (scene) => {
      const title = `Race ${unique()}`;
      const all = await Promise.all(Array.from({ length: 8 }, () => writePost(scene, { title })));
      expect(new Set(all.map((each) => each.at("data", "slug"))).size).toBe(8);
    },
  },
  {
    name: "a generated slug is cut to 200 characters",
    run: async (scene) => {
      const answer = await writePost(scene, { title: `${unique()}${"x".repeat(230)}` });
      expect(answer.textAt("data", "slug").length).toBe(200);
    },
  },
  {
    name: "a chosen slug is trimmed and otherwise kept, whatever its characters",
    run: async (scene) => {
      const slug = `Any Thing/é?${unique()}`;
      const answer = await writePost(scene, { slug: ` ${slug} ` });
      expect(answer.at("data", "slug")).toBe(slug);
    },
  },
  {
    name: "an empty slug counts as absent",
    run: async (scene) => {
      const tail = unique();
      expect((await writePost(scene, { title: tail, slug: "  " })).at("data", "slug")).toBe(tail);
    },
  },
  {
    name: "a chosen slug that is taken is refused, on creation and on change",
    run: async (scene) => {
      const slug = unique();
      await writePost(scene, { slug });
      const { token } = scene.accounts.author;
      const json = { title: "t", content: "c", slug };
      const again = await scene.send("POST", "/api/v1/posts", { token, json });
      expect([again.status, again.error]).toEqual([409, "A post with this slug already exists"]);
      const other = await writePost(scene);
      expect((await change(scene, idOf(other), { slug })).status).toBe(409);
      expect((await change(scene, idOf(other), { slug: other.at("data", "slug") })).status).toBe(200);
    },
  },
];

const changing: readonly Check[] = [
  {
    name: "a change touches what was sent and the time of change, and no slug follows the title",
    run: async (scene) => {
      const written = await writePost(scene, { tags: ["keep me"], excerpt: "e" });
      const answer = await change(scene, idOf(written), { title: "Another title" });
      expect(answer.status).toBe(200);
      expect(answer.data).toEqual({
        ...Object(written.data),
        title: "Another title",
        updated_at: answer.at("data", "updated_at"),
      });
    },
  },
  {
    name: "an empty change is fine and touches the time of change",
    run: async (scene) => {
      const written = await writePost(scene);
      const answer = await change(scene, idOf(written), {});
      expect(answer.status).toBe(200);
      const [before, after] = [written, answer].map((each) => Date.parse(each.textAt("data", "updated_at")));
      expect(after).toBeGreaterThan(before ?? Infinity);
    },
  },
  {
    name: "metadata changes only those of its fields that are sent",
    run: async (scene) => {
      const metadata = { meta_title: "mt", meta_description: "md", categories: ["Art"] };
      const written = await writePost(scene, { metadata });
      const answer = await change(scene, idOf(written), { metadata: { meta_description: null } });
      expect(answer.at("data", "metadata")).toEqual({ ...metadata, meta_description: null });
    },
  },
  {
    name: "tags can be replaced, put in another order and removed",
    run: async (scene) => {
      const written = await writePost(scene, { tags: ["one", "two", "three"] });
      for (const tags of [["three", "one"], ["four"], []]) {
        const answer = await change(scene, idOf(written), { tags });
        expect(answer.at("data", "tags")).toEqual(tags);
        const { token } = scene.accounts.author;
        expect((await read(scene, idOf(written), token)).at("data", "tags")).toEqual(tags);
      }
    },
  },
  {
    name: "the time of publication is set once and stays",
    run: async (scene) => {
      const id = idOf(await writePost(scene));
      const first = await change(scene, id, { status: "published" });
      const time = first.textAt("data", "published_at");
      for (const status of ["draft", "archived", "published"]) {
        expect((await change(scene, id, { status })).at("data", "published_at")).toBe(time);
      }
    },
  },
  {
    name: "a change is read at once by everybody, however often it was read before",
    run: async (scene) => {
      const id = idOf(await writePost(scene, { status: "published" }));
      for (let n = 0; n < 6; n += 1) {
        await change(scene, id, { title: `Round ${n}` });
        for (let again = 0; again < 2; again += 1) {
          expect((await read(scene, id)).at("data", "title")).toBe(`Round ${n}`);
        }
      }
    },
  },
];

const visibility: readonly Check[] = [
  {
    name: "a draft is seen by its author and by editors, and by nobody else",
    run: async (scene) => {
      const { editor, admin, author, contributor, subscriber } = scene.accounts;
      for (const account of [editor, admin, author]) {
        expect((await read(scene, scene.draft, account.token)).status).toBe(200);
      }
      for (const token of [contributor.token, subscriber.token, undefined]) {
        const answer = await read(scene, scene.draft, token);
        expect([answer.status, answer.error]).toEqual([404, "Post not found"]);
      }
    },
  },
  {
    name: "an archived post is hidden like a draft",
    run: async (scene) => {
      const id = idOf(await writePost(scene, { status: "archived" }));
      expect((await read(scene, id)).status).toBe(404);
      expect((await read(scene, id, scene.accounts.author.token)).status).toBe(200);
    },
  },
  {
    name: "a post that goes back to draft is gone for readers at once",
    run: async (scene) => {
      const id = idOf(await writePost(scene, { status: "published" }));
      expect((await read(scene, id)).status).toBe(200);
      await change(scene, id, { status: "draft" });
      expect((await read(scene, id)).status).toBe(404);
    },
  },
  {
    name: "ids may be written in upper case and come back in lower case",
    run: async (scene) => {
      const answer = await read(scene, scene.published.toUpperCase());
      expect([answer.status, answer.at("data", "id")]).toEqual([200, scene.published]);
    },
  },
  {
    name: "a deleted post is gone, with its comments",
    run: async (scene) => {
      const id = idOf(await writePost(scene, { status: "published" }));
      const { token } = scene.accounts.author;
      const path = `/api/v1/posts/${id}`;
      await scene.send("POST", `${path}/comments`, { token, json: { content: "c" } });
      const answer = await scene.send("DELETE", path, { token });
      expect([answer.status, answer.data]).toEqual([200, { message: "Post deleted successfully" }]);
      expect((await scene.send("GET", path)).status).toBe(404);
      expect((await scene.send("GET", `${path}/comments`)).status).toBe(404);
      expect((await scene.send("DELETE", path, { token })).status).toBe(404);
    },
  },
  {
    name: "a former author still writes to what is theirs, and to nothing else",
    run: async (scene) => {
      const { send, accounts, published } = scene;
      const set = (role: string): Promise<Answer> =>
        send("PUT", `/api/v1/users/${scene.user.id}`, { token: accounts.admin.token, json: { role } });
      await set("author");
      const id = idOf(await writePost(scene, {}, scene.user.token));
      await set("subscriber");
      const { token } = scene.user;
      expect((await send("PUT", `/api/v1/posts/${id}`, { token, json: { title: "Mine" } })).status).toBe(200);
      expect((await send("PUT", `/api/v1/posts/${published}`, { token, json: {} })).status).toBe(403);
      expect((await send("DELETE", `/api/v1/posts/${id}`, { token })).status).toBe(200);
    },
  },
];

/** Posts: written, changed, seen and deleted. */
export const postChecks = [...slugsOfTitles, ...writing, ...changing, ...visibility];
