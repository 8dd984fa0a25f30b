import { describe, expect, it } from "vitest";
import { commentStatuses, isCommentStatus, nextCommentStatus } from "../../../src/domain/comment-status.ts";
import { isPostStatus, nextPostStatus, postStatuses } from "../../../src/domain/post-status.ts";
import { isAtLeast, isRole } from "../../../src/domain/role.ts";

describe("a post's status", () => {
  it.each([
    ["draft", "publish", "published"],
    ["published", "publish", null],
    ["archived", "publish", null],
    ["draft", "archive", "archived"],
    ["published", "archive", "archived"],
    ["archived", "archive", null],
  ] as const)("from %s by %s becomes %s", (from, action, to) => {
    expect(nextPostStatus(from, action)).toBe(to);
  });

  it("knows its three words and no others", () => {
    expect(postStatuses.every(isPostStatus)).toBe(true);
    expect([undefined, null, "", "Draft", "pending", 1].some(isPostStatus)).toBe(false);
  });
});

describe("a comment's status", () => {
  it.each([
    ["pending", "publish", "published"],
    ["published", "publish", null],
    ["edited", "publish", null],
    ["deleted", "publish", null],
    ["pending", "edit", null],
    ["published", "edit", "edited"],
    ["edited", "edit", "edited"],
    ["deleted", "edit", null],
    ["pending", "delete", null],
    ["published", "delete", "deleted"],
    ["edited", "delete", "deleted"],
    ["deleted", "delete", null],
  ] as const)("from %s by %s becomes %s", (from, action, to) => {
    expect(nextCommentStatus(from, action)).toBe(to);
  });

  it("knows its four words and no others", () => {
    expect(commentStatuses.every(isCommentStatus)).toBe(true);
    expect(isCommentStatus("draft")).toBe(false);
  });
});

describe("a role", () => {
  it.each([
    ["super_admin", "admin", true],
    ["admin", "super_admin", false],
    ["author", "author", true],
    ["contributor", "author", false],
    ["editor", "author", true],
  ] as const)("%s at least %s is %s", (role, floor, answer) => {
    expect(isAtLeast(role, floor)).toBe(answer);
  });

  it("is spelt exactly", () => {
    expect(isRole("super_admin")).toBe(true);
    expect(isRole("Admin")).toBe(false);
    expect(isRole("toString")).toBe(false);
  });
});
