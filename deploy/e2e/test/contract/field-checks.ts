import { expect } from "vitest";
import { idOf, password, unique, writePost } from "./scene.ts";
import type { Check } from "./scene.ts";

/** What is sent beside valid fields, and what the answer complains of. */
type Case = readonly [what: string, fields: object, problem: string];

const between = (field: string, least: number, most: number): string =>
  `${field} must be between ${least} and ${most} characters`;
const long = (count: number): string => "x".repeat(count);

const postCases: readonly Case[] = [
  ["a title that is absent", { title: undefined }, "title is required"],
  ["a title that is null", { title: null }, "title is required"],
  ["a title that is a number", { title: 7 }, "title must be a string"],
  ["a title with NUL", { title: "a\u0000b" }, "title must not contain the NUL character"],
  ["a title of spaces", { title: "   " }, between("title", 1, 255)],
  ["a title of 256 characters", { title: long(256) }, between("title", 1, 255)],
  ["content that is absent", { content: undefined }, "content is required"],
  ["content that is empty", { content: "" }, "content must be at least 1 character"],
  ["content that is a list", { content: [] }, "content must be a string"],
  ["content with NUL", { content: "\u0000" }, "content must not contain the NUL character"],
  ["a slug of 256 characters", { slug: long(256) }, "slug must be at most 255 characters"],
  ["a slug that is an object", { slug: {} }, "slug must be a string"],
  ["an excerpt of 501 characters", { excerpt: long(501) }, "excerpt must be at most 500 characters"],
  ["an unknown status", { status: "gone" }, "status must be one of draft, published, archived"],
  ["a status that is a number", { status: 1 }, "status must be one of draft, published, archived"],
  ["tags that are a text", { tags: "a" }, "tags must be an array of strings"],
  ["tags that hold a number", { tags: ["abc", 1] }, "tags must be an array of strings"],
  ["tags that hold null", { tags: [null] }, "tags must be an array of strings"],
  ["a tag with NUL", { tags: ["ab\u0000c"] }, "tags must not contain the NUL character"],
  ["a tag of 2 characters", { tags: ["ab "] }, "tags must be between 3 and 49 characters each"],
  ["a tag of 50 characters", { tags: [long(50)] }, "tags must be between 3 and 49 characters each"],
  ["21 tags", { tags: Array.from({ length: 21 }, (_, n) => `tag ${n}`) }, "tags must have at most 20 items"],
  ["metadata that is a list", { metadata: [] }, "metadata must be an object"],
  ["metadata that is a text", { metadata: "x" }, "metadata must be an object"],
  [
    "a meta title of 61 characters",
    { metadata: { meta_title: long(61) } },
    "metadata.meta_title must be at most 60 characters",
  ],
  [
    "a meta description of 161 characters",
    { metadata: { meta_description: long(161) } },
    "metadata.meta_description must be at most 160 characters",
  ],
  [
    "categories that are a text",
    { metadata: { categories: "News" } },
    "metadata.categories must be an array of strings",
  ],
  [
    "an empty category",
    { metadata: { categories: [" "] } },
    "metadata.categories must be between 1 and 100 characters each",
  ],
];

const userCases: readonly Case[] = [
  ["an absent username", { username: undefined }, "username is required"],
  ["a username of 2 characters", { username: " ab " }, between("username", 3, 50)],
  ["a username of 51 characters", { username: long(51) }, between("username", 3, 50)],
  ["a username that is a boolean", { username: true }, "username must be a string"],
  ["an absent email", { email: undefined }, "email is required"],
  ["an email without @", { email: "example.com" }, "email must be a valid email address"],
  ["an email without a dot", { email: "a@b" }, "email must be a valid email address"],
  ["an email with a space", { email: "a b@c.de" }, "email must be a valid email address"],
  ["an email of 321 characters", { email: `${long(316)}@b.cd` }, "email must be a valid email address"],
  ["an absent password", { password: undefined }, "password is required"],
  ["a password of 7 characters", { password: "seven77" }, "password must be at least 8 characters"],
  ["a password that is a number", { password: 12_345_678 }, "password must be a string"],
  ["a password with NUL", { password: "eight\u0000chars" }, "password must not contain the NUL character"],
  ["a first name of 101 characters", { first_name: long(101) }, "first_name must be at most 100 characters"],
  ["a last name that is a number", { last_name: 3 }, "last_name must be a string"],
];

const refusedPosts: readonly Check[] = postCases.map(([what, fields, problem]) => ({
  name: `a post with ${what} is refused: ${problem}`,
  run: async ({ send, accounts }) => {
    const json = { title: "A title", content: "c", ...fields };
    const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, json });
    expect([answer.status, answer.error, answer.problems]).toEqual([422, "Validation failed", [problem]]);
  },
}));

const refusedUsers: readonly Check[] = userCases.map(([what, fields, problem]) => ({
  name: `registering with ${what} is refused: ${problem}`,
  run: async ({ send }) => {
    const name = unique();
    const json = { username: name, email: `${name}@example.com`, password, ...fields };
    const answer = await send("POST", "/api/v1/auth/register", { json });
    expect([answer.status, answer.problems]).toEqual([422, [problem]]);
  },
}));

const others: readonly Check[] = [
  {
    name: "all wrong fields are reported at once, in the order of the documentation",
    run: async ({ send, accounts }) => {
      const json = { tags: 1, status: 2, excerpt: 3, slug: 4, content: 5, title: 6, metadata: 7 };
      const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, json });
      const fields = answer.problems.map((problem) => problem.split(" ")[0]);
      expect(fields).toEqual(["title", "content", "slug", "excerpt", "status", "tags", "metadata"]);
    },
  },
  {
    name: "lengths are counted in code points after trimming",
    run: async (scene) => {
      const title = "😀".repeat(255);
      const answer = await writePost(scene, { title: `  ${title}  ` });
      expect(answer.at("data", "title")).toBe(title);
    },
  },
  {
    name: "tags are trimmed, put in lower case, and kept once in their order",
    run: async (scene) => {
      const answer = await writePost(scene, { tags: [" Zebra ", "apple", "ZEBRA", "Äpfel"] });
      expect(answer.at("data", "tags")).toEqual(["zebra", "apple", "äpfel"]);
    },
  },
  {
    name: "categories are trimmed and keep their case",
    run: async (scene) => {
      const answer = await writePost(scene, { metadata: { categories: [" News ", "news", "News"] } });
      expect(answer.at("data", "metadata", "categories")).toEqual(["News", "news"]);
    },
  },
  {
    name: "an empty nullable text is stored as null",
    run: async (scene) => {
      const answer = await writePost(scene, { excerpt: "  ", metadata: { meta_title: "" } });
      expect([answer.at("data", "excerpt"), answer.at("data", "metadata", "meta_title")]).toEqual([
        null,
        null,
      ]);
    },
  },
  {
    name: "on a change null clears a nullable text and leaves every other field alone",
    run: async (scene) => {
      const written = await writePost(scene, { excerpt: "e", tags: ["one tag"] });
      const { token } = scene.accounts.author;
      const json = { excerpt: null, title: null, tags: null, status: null };
      const answer = await scene.send("PUT", `/api/v1/posts/${idOf(written)}`, { token, json });
      expect(answer.at("data", "excerpt")).toBeNull();
      for (const field of ["title", "tags", "status", "content"]) {
        expect(answer.at("data", field)).toEqual(written.at("data", field));
      }
    },
  },
  {
    name: "a comment needs 1 to 5000 characters",
    run: async ({ send, accounts, published }) => {
      const { token } = accounts.subscriber;
      for (const content of ["  ", long(5001)]) {
        const answer = await send("POST", `/api/v1/posts/${published}/comments`, {
          token,
          json: { content },
        });
        expect(answer.problems).toEqual([between("content", 1, 5000)]);
      }
    },
  },
  {
    name: "an API key needs a name of 1 to 100 characters",
    run: async ({ send, accounts }) => {
      const { token } = accounts.subscriber;
      for (const [name, problem] of [
        [undefined, "name is required"],
        ["", between("name", 1, 100)],
        [long(101), between("name", 1, 100)],
      ]) {
        const answer = await send("POST", "/api/v1/api-keys", { token, json: { name } });
        expect(answer.problems).toEqual([problem]);
      }
    },
  },
  {
    name: "a search needs a text of at most 200 characters",
    run: async ({ send }) => {
      for (const path of ["/api/v1/search", "/api/v1/search/suggest"]) {
        expect((await send("GET", path)).problems).toEqual(["q is required"]);
        expect((await send("GET", `${path}?q=%20`)).problems).toEqual(["q is required"]);
        const tooLong = await send("GET", `${path}?q=${long(201)}`);
        expect(tooLong.problems).toEqual(["q must be at most 200 characters"]);
      }
    },
  },
  {
    name: "an unknown role and a flag that is a text are refused",
    run: async ({ send, accounts, user }) => {
      const json = { role: "king", is_active: "yes", email_verified: 1 };
      const answer = await send("PUT", `/api/v1/users/${user.id}`, { token: accounts.admin.token, json });
      expect(answer.problems).toEqual([
        "role must be one of super_admin, admin, editor, author, contributor, subscriber",
        "is_active must be a boolean",
        "email_verified must be a boolean",
      ]);
    },
  },
  {
    name: "an author who does not exist is refused, after all other fields",
    run: async ({ send, accounts }) => {
      const json = { title: "t", content: "", author_id: unique() };
      const answer = await send("POST", "/api/v1/admin/posts", { token: accounts.admin.token, json });
      expect(answer.problems).toEqual([
        "content must be at least 1 character",
        "author_id must be the id of an existing user",
      ]);
    },
  },
];

/** What may be in each field. */
export const fieldChecks = [...refusedPosts, ...refusedUsers, ...others];
