import type { CommentStatus } from "./comment-status.ts";
import { FieldReader, type Input } from "./field-reader.ts";
import { done, type Outcome, refuse } from "./outcome.ts";
import type { TextRule } from "./text-rule.ts";

export interface Comment {
  readonly id: string;
  readonly postId: string;
  readonly authorId: string;
  readonly content: string;
  readonly status: CommentStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const commentContent: TextRule = { min: 1, max: 5000 };

/** The text of a new or edited comment; the same rule in both APIs. */
export function parseComment(input: Input): Outcome<string> {
  const reader = new FieldReader(input);
  const content = reader.text("content", commentContent);
  reader.refuseUnknown(["content"]);
  return reader.violations.length === 0
    ? done(content)
    : refuse({ kind: "invalid", violations: reader.violations });
}
