import { postStatuses } from "../../domain/post-status.ts";
import { roles } from "../../domain/role.ts";
import type { Violation } from "../../domain/violation.ts";

const oneOfRoles = `must be one of ${roles.join(", ")}`;

/** What API v1 says about a value of the right type that breaks the field's rule; docs/api-v1.md has the table. */
const rules: Readonly<Record<string, string>> = {
  username: "must be between 3 and 50 characters",
  email: "must be a valid email address",
  password: "must be at least 8 characters",
  first_name: "must be at most 100 characters",
  last_name: "must be at most 100 characters",
  title: "must be between 1 and 255 characters",
  slug: "must be at most 255 characters",
  excerpt: "must be at most 500 characters",
  status: `must be one of ${postStatuses.join(", ")}`,
  tags: "must be between 3 and 49 characters each",
  "metadata.meta_title": "must be at most 60 characters",
  "metadata.meta_description": "must be at most 160 characters",
  "metadata.categories": "must be between 1 and 100 characters each",
  author_id: "must be the id of an existing user",
  role: oneOfRoles,
  name: "must be between 1 and 100 characters",
  q: "must be at most 200 characters",
};

const types: Readonly<Record<string, string>> = {
  tags: "must be an array of strings",
  "metadata.categories": "must be an array of strings",
  metadata: "must be an object",
  is_active: "must be a boolean",
  email_verified: "must be a boolean",
};

export type ContentOf = "post" | "comment";

/** @param contentOf whose `content` it is: the two have different rules */
export function violationMessage(violation: Violation, contentOf: ContentOf): string {
  const { field, code } = violation;
  switch (code) {
    case "required":
      return "is required";
    case "type":
      return types[field] ?? "must be a string";
    case "nul":
      return "must not contain the NUL character";
    case "too_many":
      return "must have at most 20 items";
    default:
      if (field !== "content") return rules[field] ?? "is not valid";
      return contentOf === "post" ? "must be at least 1 character" : "must be between 1 and 5000 characters";
  }
}
