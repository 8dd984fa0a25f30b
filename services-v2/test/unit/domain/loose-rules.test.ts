import { describe, expect, it } from "vitest";
import {
  parseKeyName,
  parseLooseComment,
  parseLooseNewPost,
  parseLoosePostChange,
} from "../../../src/domain/loose-post.ts";
import {
  parseCredentials,
  parseLooseNewUser,
  parseLooseUserChange,
  parseRefreshToken,
} from "../../../src/domain/loose-user.ts";
import type { Outcome } from "../../../src/domain/outcome.ts";

function codesOf(outcome: Outcome<unknown>): string[] {
  if (outcome.ok || outcome.failure.kind !== "invalid") return [];
  return outcome.failure.violations.map(({ field, code }) => `${field}:${code}`);
}

const user = { username: "ada", email: "ada@example.org", password: "12345678" };
const post = { title: "A title", content: "c" };
const smile = "\u{1F600}";

describe("a new user in API v1", () => {
  it.each([
    ["username", "  ab  ", "username:too_short"],
    ["username", "a b\u00e9!", null],
    ["username", "a".repeat(50), null],
    ["username", smile.repeat(50), null],
    ["username", smile.repeat(51), "username:too_long"],
    ["username", 7, "username:type"],
    ["username", "a\u0000b", "username:nul"],
    ["username", null, "username:required"],
    ["email", "a@b.c", null],
    ["email", "a@b", "email:format"],
    ["email", "", "email:too_short"],
    ["email", `${"a".repeat(314)}@b.com`, null],
    ["email", `${"a".repeat(315)}@b.com`, "email:too_long"],
    ["email", {}, "email:type"],
    ["email", undefined, "email:required"],
    ["email", "a\u0000@b.c", "email:nul"],
    ["password", "1234567", "password:too_short"],
    ["password", "       \t", null],
    ["password", smile.repeat(7), "password:too_short"],
    ["password", true, "password:type"],
    ["first_name", "f".repeat(100), null],
    ["first_name", "f".repeat(101), "first_name:too_long"],
    ["last_name", [], "last_name:type"],
    ["role", "super_admin", null],
    ["__proto__", "x", null],
  ])("with %s %j gives %s", (field, value, code) => {
    expect(codesOf(parseLooseNewUser({ ...user, [field]: value }))).toEqual(code === null ? [] : [code]);
  });

  it("trims names, lowers the address, mends half pairs and ignores a role", () => {
    const parsed = parseLooseNewUser({
      ...user,
      username: " ada\ud800 ",
      email: " Ada@Example.org ",
      first_name: "  ",
      role: "admin",
    });
    expect(parsed).toEqual({
      ok: true,
      value: {
        username: "ada\ufffd",
        email: "ada@example.org",
        password: "12345678",
        firstName: null,
        lastName: null,
        role: "subscriber",
      },
    });
  });

  it("reports one violation a field, in the order of the table", () => {
    expect(codesOf(parseLooseNewUser({ password: "1", email: "x" }))).toEqual([
      "username:required",
      "email:format",
      "password:too_short",
    ]);
  });
});

describe("logging in and refreshing", () => {
  it("asks for no more than strings, since old accounts obey old rules", () => {
    expect(parseCredentials({ email: " A@B ", password: "x" })).toEqual({
      ok: true,
      value: { email: "a@b", password: "x" },
    });
    expect(codesOf(parseCredentials({ email: 1, password: "a\u0000" }))).toEqual([
      "email:type",
      "password:nul",
    ]);
    expect(codesOf(parseRefreshToken({}))).toEqual(["refresh_token:required"]);
  });
});

describe("a change of a user in API v1", () => {
  it("takes null for absent, but clears names with it", () => {
    expect(parseLooseUserChange({ username: null, email: null, first_name: null, role: null }, true)).toEqual(
      {
        ok: true,
        value: { firstName: null },
      },
    );
  });

  it("reads role and flags for admins only", () => {
    const input = { role: "editor", is_active: false, email_verified: true };
    expect(parseLooseUserChange(input, true)).toEqual({
      ok: true,
      value: { role: "editor", isActive: false, emailVerified: true },
    });
    expect(parseLooseUserChange(input, false)).toEqual({ ok: true, value: {} });
    expect(codesOf(parseLooseUserChange({ role: 1, is_active: "no" }, true))).toEqual([
      "role:not_allowed",
      "is_active:type",
    ]);
  });
});

describe("a new post in API v1", () => {
  it.each([
    ["title", "   ", "title:too_short"],
    ["title", "t".repeat(255), null],
    ["title", "t".repeat(256), "title:too_long"],
    ["content", "", "content:too_short"],
    ["content", " ", null],
    ["slug", "Any / thing?", null],
    ["slug", "s".repeat(256), "slug:too_long"],
    ["slug", 5, "slug:type"],
    ["excerpt", "e".repeat(501), "excerpt:too_long"],
    ["status", "hidden", "status:not_allowed"],
    ["status", 1, "status:not_allowed"],
    ["status", "\u0000", "status:nul"],
    ["tags", "abc", "tags:type"],
    ["tags", ["abc", 1], "tags:type"],
    ["tags", ["a\u0000c"], "tags:nul"],
    ["tags", ["ab"], "tags:too_short"],
    ["tags", ["t".repeat(50)], "tags:too_short"],
    ["tags", Array.from({ length: 21 }, (_, index) => `tag-${index}`), "tags:too_many"],
    ["metadata", "x", "metadata:type"],
    ["metadata", [], "metadata:type"],
    ["metadata", { meta_title: "m".repeat(61) }, "metadata.meta_title:too_long"],
    ["metadata", { meta_description: 1 }, "metadata.meta_description:type"],
    ["metadata", { categories: [" "] }, "metadata.categories:too_short"],
  ])("with %s %j gives %s", (field, value, code) => {
    expect(codesOf(parseLooseNewPost({ ...post, [field]: value }))).toEqual(code === null ? [] : [code]);
  });

  it("fills in what is absent and cleans what is there", () => {
    const input = {
      ...post,
      title: " T ",
      slug: " ",
      tags: ["ABC ", "abc", "Def"],
      metadata: { categories: ["C", " C"] },
    };
    expect(parseLooseNewPost(input)).toEqual({
      ok: true,
      value: {
        title: "T",
        content: "c",
        slug: null,
        excerpt: null,
        status: "draft",
        tags: ["abc", "def"],
        metaTitle: null,
        metaDescription: null,
        categories: ["C"],
      },
    });
  });
});

describe("a change of a post in API v1", () => {
  it("may be empty, and touches only what is present", () => {
    expect(parseLoosePostChange({})).toEqual({ ok: true, value: {} });
    expect(
      parseLoosePostChange({ title: null, tags: null, excerpt: null, metadata: { meta_title: " " } }),
    ).toEqual({
      ok: true,
      value: { excerpt: null, metaTitle: null },
    });
  });
});

describe("comments and key names in API v1", () => {
  it("are trimmed and bounded", () => {
    expect(parseLooseComment({ content: " c " })).toEqual({ ok: true, value: "c" });
    expect(codesOf(parseLooseComment({ content: "  " }))).toEqual(["content:too_short"]);
    expect(codesOf(parseLooseComment({ content: "c".repeat(5001) }))).toEqual(["content:too_long"]);
    expect(codesOf(parseKeyName({ name: "n".repeat(101) }))).toEqual(["name:too_long"]);
  });
});
