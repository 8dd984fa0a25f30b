import { describe, expect, it } from "vitest";
import { parseComment } from "../../../src/domain/comment.ts";
import type { Outcome } from "../../../src/domain/outcome.ts";
import { parseStrictNewPost, parseStrictPostChange } from "../../../src/domain/strict-post.ts";
import { parseStrictNewUser, parseStrictUserChange } from "../../../src/domain/strict-user.ts";
import { parseCategoryChange, parseNewCategory, parseNewTag } from "../../../src/domain/taxonomy.ts";

function codesOf(outcome: Outcome<unknown>): string[] {
  if (outcome.ok || outcome.failure.kind !== "invalid") return [];
  return outcome.failure.violations.map(({ field, code }) => `${field}:${code}`);
}

const user = { username: "ada_1", email: "ada@example.org", password: "a long password" };
const post = { title: "A title", content: "Ten or more characters" };
const smile = "\u{1F600}";

describe("a new user in API v2", () => {
  it.each([
    ["username", "ab", "username:too_short"],
    ["username", "abc", null],
    ["username", "a".repeat(30), null],
    ["username", "a".repeat(31), "username:too_long"],
    ["username", "ada lovelace", "username:format"],
    ["username", "ada-lovelace", "username:format"],
    ["username", "\u00e5da", "username:format"],
    ["username", "ada\n", "username:format"],
    ["username", 12345, "username:type"],
    ["username", undefined, "username:required"],
    ["username", null, "username:required"],
    ["email", "ada", "email:format"],
    ["email", "ada@localhost", "email:format"],
    ["email", "a b@example.org", "email:format"],
    ["email", "ada@example..org", "email:format"],
    ["email", "", "email:too_short"],
    ["email", `${"a".repeat(242)}@example.org`, null],
    ["email", `${"a".repeat(243)}@example.org`, "email:too_long"],
    ["password", "x".repeat(11), "password:too_short"],
    ["password", "x".repeat(12), null],
    ["password", smile.repeat(11), "password:too_short"],
    ["password", "nul\u0000nul\u0000nul\u0000", "password:nul"],
    ["first_name", "x".repeat(101), "first_name:too_long"],
    ["first_name", null, null],
    ["nickname", "x", "nickname:unknown_field"],
    ["role", "admin", "role:unknown_field"],
  ])("with %s %j gives %s", (field, value, code) => {
    expect(codesOf(parseStrictNewUser({ ...user, [field]: value }, false))).toEqual(
      code === null ? [] : [code],
    );
  });

  it("keeps the address in lower case and starts as a subscriber", () => {
    const parsed = parseStrictNewUser({ ...user, email: "Ada@Example.ORG" }, false);
    expect(parsed).toMatchObject({ ok: true, value: { email: "ada@example.org", role: "subscriber" } });
  });

  it("takes a role from an admin, if it is one", () => {
    expect(parseStrictNewUser({ ...user, role: "editor" }, true)).toMatchObject({
      value: { role: "editor" },
    });
    expect(codesOf(parseStrictNewUser({ ...user, role: "root" }, true))).toEqual(["role:not_allowed"]);
  });

  it("names every broken rule at once", () => {
    expect(codesOf(parseStrictNewUser({ username: "a" }, false))).toEqual([
      "username:too_short",
      "email:required",
      "password:required",
    ]);
  });
});

describe("a change of a user in API v2", () => {
  it("carries only what was given", () => {
    expect(parseStrictUserChange({ first_name: null })).toEqual({ ok: true, value: { firstName: null } });
    expect(parseStrictUserChange({ email: "A@B.CO" })).toEqual({ ok: true, value: { email: "a@b.co" } });
  });

  it.each([
    [{}, ["body:empty"]],
    [{ username: null }, ["username:required"]],
    [{ is_active: "yes" }, ["is_active:type"]],
    [{ id: "1" }, ["id:unknown_field"]],
  ])("refuses %j", (input, codes) => {
    expect(codesOf(parseStrictUserChange(input))).toEqual(codes);
  });
});

describe("a new post in API v2", () => {
  it.each([
    ["title", "", "title:too_short"],
    ["title", "   ", "title:too_short"],
    ["title", "t", null],
    ["title", "t".repeat(200), null],
    ["title", "t".repeat(201), "title:too_long"],
    ["title", smile.repeat(200), null],
    ["title", ["t"], "title:type"],
    ["content", "123456789", "content:too_short"],
    ["content", "1234567890", null],
    ["content", "c".repeat(100_000), null],
    ["content", "c".repeat(100_001), "content:too_long"],
    ["content", "0123456789\u0000", "content:nul"],
    ["content", "0123456789\ud800", "content:format"],
    ["slug", "ab", "slug:too_short"],
    ["slug", "abc", null],
    ["slug", "a-b", null],
    ["slug", "s".repeat(50), null],
    ["slug", "s".repeat(51), "slug:too_long"],
    ["slug", "-abc", "slug:format"],
    ["slug", "abc-", "slug:format"],
    ["slug", "Abc", "slug:format"],
    ["slug", "a_c", "slug:format"],
    ["slug", "abc\n", "slug:format"],
    ["slug", null, "slug:required"],
    ["excerpt", "e".repeat(500), null],
    ["excerpt", "e".repeat(501), "excerpt:too_long"],
    ["metadata", { meta_title: "m".repeat(60) }, null],
    ["metadata", { meta_title: "m".repeat(61) }, "metadata.meta_title:too_long"],
    ["metadata", { meta_description: "m".repeat(160) }, null],
    ["metadata", { meta_description: "m".repeat(161) }, "metadata.meta_description:too_long"],
    ["metadata", { categories: ["c".repeat(100)] }, null],
    ["metadata", { categories: ["c".repeat(101)] }, "metadata.categories.0:too_long"],
    ["metadata", { categories: {} }, "metadata.categories:type"],
    ["metadata", { keywords: "k" }, "metadata.keywords:unknown_field"],
    ["metadata", null, "metadata:type"],
    ["metadata", [], "metadata:type"],
    ["tags", "news", "tags:type"],
    ["tags", ["ab"], "tags.0:too_short"],
    ["tags", ["ok-tag", "t".repeat(50)], "tags.1:too_long"],
    ["tags", ["t".repeat(49)], null],
    ["tags", [7], "tags.0:type"],
    ["tags", Array.from({ length: 20 }, (_, index) => `tag-${index}`), null],
    ["tags", Array.from({ length: 21 }, (_, index) => `tag-${index}`), "tags:too_many"],
    ["tags", Array.from({ length: 21 }, () => "same"), null],
    ["status", "published", "status:unknown_field"],
  ])("with %s %j gives %s", (field, value, code) => {
    expect(codesOf(parseStrictNewPost({ ...post, [field]: value }))).toEqual(code === null ? [] : [code]);
  });

  it("starts as a draft with trimmed title and clean tags, each once", () => {
    const parsed = parseStrictNewPost({ ...post, title: " A title ", tags: [" News ", "news", "Node"] });
    expect(parsed).toMatchObject({
      ok: true,
      value: { title: "A title", status: "draft", tags: ["news", "node"], slug: null, excerpt: null },
    });
  });
});

describe("a change of a post in API v2", () => {
  it("carries only what was given", () => {
    expect(parseStrictPostChange({ tags: [] })).toEqual({ ok: true, value: { tags: [] } });
    expect(parseStrictPostChange({ excerpt: null, metadata: { meta_title: "M" } })).toEqual({
      ok: true,
      value: { excerpt: null, metaTitle: "M" },
    });
  });

  it.each([
    [{}, ["body:empty"]],
    [{ title: null }, ["title:required"]],
    [{ status: "draft" }, ["status:unknown_field"]],
    [{ content: "short" }, ["content:too_short"]],
  ])("refuses %j", (input, codes) => {
    expect(codesOf(parseStrictPostChange(input))).toEqual(codes);
  });
});

describe("comments, tags and categories", () => {
  it.each([
    ["", ["content:too_short"]],
    ["c", []],
    ["c".repeat(5000), []],
    ["c".repeat(5001), ["content:too_long"]],
    [undefined, ["content:required"]],
  ])("a comment of %j gives %j", (content, codes) => {
    expect(codesOf(parseComment({ content }))).toEqual(codes);
  });

  it("makes a tag's slug from its name and keeps the name in lower case", () => {
    expect(parseNewTag({ name: " Web Design " })).toEqual({
      ok: true,
      value: { name: "web design", slug: "web-design", description: null },
    });
  });

  it("keeps a category's case", () => {
    expect(parseNewCategory({ name: "C", slug: "see", description: "d" })).toEqual({
      ok: true,
      value: { name: "C", slug: "see", description: "d" },
    });
  });

  it.each([
    [{ name: "n".repeat(51) }, ["name:too_long"], []],
    [{ name: "n".repeat(101) }, ["name:too_long"], ["name:too_long"]],
    [{ name: "name", slug: "x" }, ["slug:too_short"], ["slug:too_short"]],
  ])("bounds the names in %j", (input, asTag, asCategory) => {
    expect(codesOf(parseNewTag(input))).toEqual(asTag);
    expect(codesOf(parseNewCategory(input))).toEqual(asCategory);
  });

  it("refuses an empty change of a category", () => {
    expect(codesOf(parseCategoryChange({}))).toEqual(["body:empty"]);
    expect(parseCategoryChange({ description: null })).toEqual({ ok: true, value: { description: null } });
  });
});
