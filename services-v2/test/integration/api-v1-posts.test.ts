import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Account, type Answer, type RunningService, startService } from "./start-service.ts";

let service: RunningService;
let author: Account;
let editor: Account;
let reader: Account;
beforeAll(async () => {
  service = await startService();
  [author, editor, reader] = await Promise.all([
    service.signIn("author"),
    service.signIn("editor"),
    service.signIn(),
  ]);
});
afterAll(() => service.stop());

const unique = (): string => randomBytes(5).toString("hex");
const write = (fields: object, token = author.token): Promise<Answer> =>
  service.ask("POST", "/api/v1/posts", { token, body: { title: `T ${unique()}`, content: "c", ...fields } });

describe("writing posts", () => {
  it("makes a slug from the title and numbers it when it is taken", async () => {
    const word = unique();
    const slugs: unknown[] = [];
    for (let round = 0; round < 3; round += 1) {
      slugs.push((await write({ title: `Déjà  vu: ${word}!` })).at("data", "slug"));
    }
    expect(slugs).toEqual([`deja-vu-${word}`, `deja-vu-${word}-2`, `deja-vu-${word}-3`]);
  });

  it("gives ten who write the same title at once ten slugs without gaps", async () => {
    const word = unique();
    const answers = await Promise.all(Array.from({ length: 10 }, () => write({ title: word })));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 201));
    const slugs = answers.map((answer) => answer.textAt("data", "slug")).sort();
    expect(slugs).toEqual([word, ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `${word}-${n}`)].sort());
  });

  it("shows the post with every key in its place", async () => {
    const answer = await write({
      title: " T ",
      slug: "Any Slug/?",
      excerpt: " ",
      status: "published",
      tags: ["Zeta", "alpha", "zeta "],
      metadata: { meta_title: "M", categories: ["B", "A", "B"] },
    });
    expect(answer.status).toBe(201);
    expect(Object.keys(Object(answer.at("data")))).toEqual([
      "id",
      "title",
      "slug",
      "content",
      "excerpt",
      "status",
      "author_id",
      "tags",
      "metadata",
      "created_at",
      "updated_at",
      "published_at",
    ]);
    expect(answer.at("data")).toMatchObject({
      title: "T",
      slug: "Any Slug/?",
      excerpt: null,
      tags: ["zeta", "alpha"],
      metadata: { meta_title: "M", meta_description: null, categories: ["B", "A"] },
    });
    const again = await write({ slug: "Any Slug/?" });
    expect([again.status, again.at("error")]).toEqual([409, "A post with this slug already exists"]);
  });

  it("keeps the arrays that cms-v1 reads and the counts in step", async () => {
    const tag = `tag-${unique()}`;
    const state = async (id: string): Promise<unknown> =>
      (
        await service.sql.query(
          `SELECT p.tags, p.categories, (SELECT post_count FROM tags WHERE name = $2) AS count FROM posts p WHERE id = $1`,
          [id, tag],
        )
      ).rows[0];
    const id = (await write({ tags: [tag, "other"], metadata: { categories: ["Cat"] } })).textAt(
      "data",
      "id",
    );
    expect(await state(id)).toEqual({ tags: [tag, "other"], categories: ["Cat"], count: 0 });
    const put = (body: object): Promise<Answer> =>
      service.ask("PUT", `/api/v1/posts/${id}`, { token: author.token, body });
    const published = await put({ status: "published", tags: ["other", tag] });
    expect(published.at("data", "tags")).toEqual(["other", tag]);
    expect(await state(id)).toEqual({ tags: ["other", tag], categories: ["Cat"], count: 1 });
    await put({ tags: [], metadata: { categories: [] } });
    expect(await state(id)).toEqual({ tags: [], categories: [], count: 0 });
  });

  it("takes authors and up only, and owners or editors for changes", async () => {
    const id = (await write({})).textAt("data", "id");
    expect((await write({}, reader.token)).at("error")).toBe("Insufficient permissions");
    expect((await service.ask("POST", "/api/v1/posts", { body: {} })).status).toBe(401);
    const other = await service.signIn("author");
    const put = (token: string): Promise<Answer> =>
      service.ask("PUT", `/api/v1/posts/${id}`, { token, body: { title: "New" } });
    expect((await put(other.token)).status).toBe(403);
    expect((await put(reader.token)).status).toBe(403);
    expect((await put(editor.token)).status).toBe(200);
    const remove = (token: string): Promise<Answer> =>
      service.ask("DELETE", `/api/v1/posts/${id}`, { token });
    expect((await remove(other.token)).status).toBe(403);
    expect((await remove(author.token)).at("data")).toEqual({ message: "Post deleted successfully" });
    expect((await remove(author.token)).at("error")).toBe("Post not found");
  });

  it("changes only what is present, touches the time, and sets the day of publishing once", async () => {
    const first = await write({ excerpt: "e", metadata: { meta_title: "M", meta_description: "D" } });
    const id = first.textAt("data", "id");
    const put = (body: object): Promise<Answer> =>
      service.ask("PUT", `/api/v1/posts/${id}`, { token: author.token, body });
    expect(first.at("data", "published_at")).toBe(null);
    const published = await put({ status: "published", metadata: { meta_title: null } });
    const day = published.textAt("data", "published_at");
    expect(published.at("data", "metadata")).toMatchObject({ meta_title: null, meta_description: "D" });
    await put({ status: "archived" });
    const again = await put({ status: "published", title: "Other title", excerpt: "" });
    expect(again.at("data")).toMatchObject({
      published_at: day,
      slug: first.at("data", "slug"),
      excerpt: null,
      title: "Other title",
    });
    const empty = await put({});
    expect(empty.status).toBe(200);
    expect(empty.textAt("data", "updated_at") >= again.textAt("data", "updated_at")).toBe(true);
  });

  it("answers what is wrong before it looks at uniqueness", async () => {
    const answer = await write({ title: "", tags: ["x"], status: "gone", metadata: { meta_title: 1 } });
    expect(answer.status).toBe(422);
    expect(answer.at("validation_errors")).toEqual([
      { field: "title", message: "must be between 1 and 255 characters" },
      { field: "status", message: "must be one of draft, published, archived" },
      { field: "tags", message: "must be between 3 and 49 characters each" },
      { field: "metadata.meta_title", message: "must be a string" },
    ]);
  });
});

describe("reading posts", () => {
  it("shows drafts to their author and to editors, to others not at all", async () => {
    const id = (await write({})).textAt("data", "id");
    const read = async (token?: string): Promise<number> =>
      (await service.ask("GET", `/api/v1/posts/${id}`, token === undefined ? {} : { token })).status;
    expect([
      await read(),
      await read(reader.token),
      await read(author.token),
      await read(editor.token),
    ]).toEqual([404, 404, 200, 200]);
    const total = async (token?: string): Promise<unknown> =>
      (
        await service.ask(
          "GET",
          `/api/v1/posts?author=${author.id}&status=draft`,
          token === undefined ? {} : { token },
        )
      ).at("data", "total");
    expect([await total(), await total(reader.token)]).toEqual([0, 0]);
    expect(await total(author.token)).toBe(await total(editor.token));
  });

  it("pages, sorts and filters", async () => {
    const tag = `page-${unique()}`;
    for (const title of ["b", "a", "C"])
      await write({ title: `${title} ${tag}`, status: "published", tags: [tag] });
    const titles = async (query: string): Promise<unknown> => {
      const answer = await service.ask("GET", `/api/v1/posts?tag=%20${tag.toUpperCase()}&${query}`);
      const items: unknown = answer.at("data", "items");
      return Array.isArray(items)
        ? items.map((_, index) => answer.textAt("data", "items", index, "title")[0])
        : items;
    };
    expect(await titles("sort=title")).toEqual(["C", "a", "b"]);
    expect(await titles("sort=-title&limit=2")).toEqual(["b", "a"]);
    expect(await titles("sort=-title&limit=2&page=2")).toEqual(["C"]);
    expect(await titles("sort=nonsense")).toEqual(["C", "a", "b"]);
    expect(await titles("limit=0&page=0")).toEqual(["C", "a", "b"]);
    const past = await service.ask("GET", `/api/v1/posts?tag=${tag}&limit=2&page=9`);
    expect(past.at("data")).toEqual({ items: [], total: 3, page: 9, limit: 2, total_pages: 2 });
    const odd = await service.ask("GET", "/api/v1/posts?page=-1&limit=1000&author=nobody&status=odd");
    expect(odd.at("data")).toEqual({ items: [], total: 0, page: 1, limit: 100, total_pages: 0 });
  });

  it("sees at once what the other process writes, however often it was read before", async () => {
    const tag = `peer-${unique()}`;
    const id = (await write({ status: "published" })).textAt("data", "id");
    const read = async (): Promise<unknown> =>
      (await service.ask("GET", `/api/v1/posts/${id}`)).at("data", "tags");
    const listed = async (): Promise<unknown> =>
      (await service.ask("GET", `/api/v1/posts?tag=${tag}`)).at("data", "total");
    const tags = async (): Promise<boolean> =>
      (await service.ask("GET", "/api/v1/tags?limit=100")).text.includes(tag);
    for (let round = 1; round <= 20; round += 1) {
      const name = `${tag}-${round}`;
      expect([await read(), await listed()]).toBeDefined();
      // As cms-v1 writes: the arrays, in a statement of its own.
      await service.sql.query("UPDATE posts SET tags = $2 WHERE id = $1", [id, [tag, name]]);
      expect(await read()).toEqual([tag, name]);
      expect(await listed()).toBe(1);
      expect(await tags()).toBe(true);
      await service.sql.query("UPDATE posts SET tags = '{}' WHERE id = $1", [id]);
      expect(await read()).toEqual([]);
      expect(await listed()).toBe(0);
    }
  });

  it("takes an id in either case, and no other text for one", async () => {
    const id = (await write({ status: "published" })).textAt("data", "id");
    expect((await service.ask("GET", `/api/v1/posts/${id.toUpperCase()}`)).at("data", "id")).toBe(id);
    for (const odd of ["1", "x".repeat(100), "%00", `${id}x`]) {
      const answer = await service.ask("GET", `/api/v1/posts/${odd}`);
      expect([odd, answer.status, answer.at("error")]).toEqual([odd, 404, "Post not found"]);
    }
    // A longer segment in place of an id makes an unknown path.
    const long = await service.ask("GET", `/api/v1/posts/${"x".repeat(101)}`);
    expect([long.status, long.at("error")]).toEqual([404, "Route not found"]);
  });
});

describe("comments", () => {
  it("are published at once, oldest first, on posts that the caller can see", async () => {
    const id = (await write({ status: "published" })).textAt("data", "id");
    const draft = (await write({})).textAt("data", "id");
    const comment = (post: string, content: string): Promise<Answer> =>
      service.ask("POST", `/api/v1/posts/${post}/comments`, { token: reader.token, body: { content } });
    expect((await comment(id, " first ")).at("data")).toMatchObject({
      content: "first",
      status: "published",
      post_id: id,
      author_id: reader.id,
    });
    await comment(id, "second");
    expect((await comment(draft, "hidden")).at("error")).toBe("Post not found");
    expect((await comment(id, " ")).at("validation_errors")).toEqual([
      { field: "content", message: "must be between 1 and 5000 characters" },
    ]);
    const list = await service.ask("GET", `/api/v1/posts/${id}/comments`);
    expect([0, 1].map((n) => list.at("data", "items", n, "content"))).toEqual(["first", "second"]);
    await service.sql.query(
      "UPDATE comments SET status = 'deleted' WHERE post_id = $1 AND content = 'first'",
      [id],
    );
    expect((await service.ask("GET", `/api/v1/posts/${id}/comments`)).at("data", "total")).toBe(1);
    await service.ask("DELETE", `/api/v1/posts/${id}`, { token: author.token });
    expect((await service.sql.query("SELECT 1 FROM comments WHERE post_id = $1", [id])).rowCount).toBe(0);
  });
});

describe("terms and search", () => {
  it("lists names in use, by code point, with the number of published posts", async () => {
    const word = unique();
    await write({ status: "published", metadata: { categories: [`b ${word}`, `B ${word}`] } });
    await write({ status: "draft", metadata: { categories: [`b ${word}`, `draft ${word}`] } });
    const answer = await service.ask("GET", "/api/v1/categories?limit=100");
    const items: unknown = answer.at("data", "items");
    const mine = Array.isArray(items)
      ? items.filter((item: unknown) => JSON.stringify(item).includes(word))
      : [];
    expect(mine).toEqual([
      { name: `B ${word}`, description: null, post_count: 1 },
      { name: `b ${word}`, description: null, post_count: 1 },
    ]);
  });

  it("finds texts as they are, titles first, whatever the case", async () => {
    const word = `50%_${unique()}\\`;
    await write({ title: "one", content: `x ${word} y`, status: "published" });
    await write({ title: `two ${word.toUpperCase()}`, status: "published" });
    await write({ title: `three ${word}`, status: "draft" });
    await write({ title: "none", content: word.replace("%_", "xx"), status: "published" });
    const found = await service.ask("GET", `/api/v1/search?q=${encodeURIComponent(` ${word} `)}`);
    expect(found.at("data", "total")).toBe(2);
    expect([0, 1].map((n) => found.textAt("data", "items", n, "title").split(" ")[0])).toEqual([
      "two",
      "one",
    ]);
    const past = await service.ask("GET", `/api/v1/search?q=${encodeURIComponent(word)}&offset=5&limit=1`);
    expect(past.at("data")).toEqual({ items: [], total: 2, limit: 1, offset: 5 });
  });

  it("suggests the distinct titles that begin with a text", async () => {
    const word = unique();
    for (const title of [`${word} b`, `${word} b`, `${word.toUpperCase()} A`, `x ${word}`]) {
      await write({ title, status: "published" });
    }
    const answer = await service.ask("GET", `/api/v1/search/suggest?q=${word}`);
    expect(answer.at("data")).toEqual({
      items: [`${word.toUpperCase()} A`, `${word} b`].sort(),
      total: 2,
      limit: 20,
      offset: 0,
    });
  });

  it("asks for a text of up to 200 characters", async () => {
    const empty = await service.ask("GET", "/api/v1/search?q=%20");
    expect(empty.at("validation_errors")).toEqual([{ field: "q", message: "is required" }]);
    const long = await service.ask("GET", `/api/v1/search/suggest?q=${"q".repeat(201)}`);
    expect(long.at("validation_errors")).toEqual([{ field: "q", message: "must be at most 200 characters" }]);
  });
});
