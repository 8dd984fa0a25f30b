import { describe, expect, it } from "vitest";
import { type Action, actions, isAllowed } from "../../../src/domain/authorise.ts";
import { type Role, roles } from "../../../src/domain/role.ts";

/** On one's own thing / on another's, written down apart from the code: y may, - may not. Columns as in `roles`. */
const expected: Readonly<Record<Action, readonly string[]>> = {
  "post.create": ["yy", "yy", "yy", "yy", "--", "--"],
  "post.read_unpublished": ["yy", "yy", "yy", "y-", "y-", "y-"],
  "post.update": ["yy", "yy", "yy", "y-", "y-", "y-"],
  "post.delete": ["yy", "yy", "yy", "y-", "y-", "y-"],
  "post.publish": ["yy", "yy", "yy", "y-", "--", "--"],
  "post.archive": ["yy", "yy", "yy", "y-", "--", "--"],
  "post.administer": ["yy", "yy", "--", "--", "--", "--"],
  "comment.create": ["yy", "yy", "yy", "yy", "yy", "yy"],
  "comment.read_pending": ["yy", "yy", "yy", "y-", "y-", "y-"],
  "comment.update": ["yy", "yy", "yy", "y-", "y-", "y-"],
  "comment.delete": ["yy", "yy", "yy", "y-", "y-", "y-"],
  "comment.publish": ["yy", "yy", "yy", "--", "--", "--"],
  "tag.create": ["yy", "yy", "yy", "yy", "--", "--"],
  "category.create": ["yy", "yy", "yy", "--", "--", "--"],
  "category.update": ["yy", "yy", "yy", "--", "--", "--"],
  "category.deactivate": ["yy", "yy", "yy", "--", "--", "--"],
  "user.list": ["yy", "yy", "--", "--", "--", "--"],
  "user.create": ["yy", "yy", "--", "--", "--", "--"],
  "user.read": ["yy", "yy", "y-", "y-", "y-", "y-"],
  "user.update": ["yy", "yy", "y-", "y-", "y-", "y-"],
  "user.update_role": ["yy", "yy", "--", "--", "--", "--"],
  "user.deactivate": ["yy", "yy", "--", "--", "--", "--"],
  "user.suspend": ["yy", "yy", "--", "--", "--", "--"],
  "api_key.use": ["y-", "y-", "y-", "y-", "y-", "y-"],
};

const cells = actions.flatMap((action) =>
  roles.map((role, column) => ({ action, role, cell: expected[action][column] ?? "" })),
);

describe("who may do what", () => {
  it.each(cells)("$action by $role on own and others' things is $cell", ({ action, role, cell }) => {
    const actor = { id: "me", role };
    const answer = (ownerId: string): string => (isAllowed(actor, action, ownerId) ? "y" : "-");
    expect(answer("me") + answer("someone else")).toBe(cell);
  });

  it("treats a thing without an owner as no one's own", () => {
    const subscriber: { id: string; role: Role } = { id: "me", role: "subscriber" };
    expect(isAllowed(subscriber, "post.update")).toBe(false);
  });

  it("never lets a lower role do what a higher one may not", () => {
    for (const action of actions) {
      for (const [index, role] of roles.entries()) {
        const above = roles[index - 1];
        if (above === undefined) continue;
        for (const owner of ["me", "other"]) {
          const lower = isAllowed({ id: "me", role }, action, owner);
          const higher = isAllowed({ id: "me", role: above }, action, owner);
          expect({ action, role, above, surpassed: lower && !higher }).toMatchObject({ surpassed: false });
        }
      }
    }
  });
});
