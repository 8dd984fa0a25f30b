import { createHash } from "node:crypto";

/** A strong validator (RFC 9110, section 8.8.3) of exactly these bytes. */
export function entityTag(body: string): string {
  return `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
}

/** Whether `If-None-Match` names this tag: weak comparison, RFC 9110, section 13.1.2. */
export function isNotModified(header: string | undefined, tag: string): boolean {
  return (
    header !== undefined && listTags(header).some((each) => each === "*" || each.replace(/^W\//u, "") === tag)
  );
}

/** Whether `If-Match` lets a write go on: absent, `*`, or this very tag. Weak tags never match; section 13.1.1. */
export function isPreconditionMet(header: string | undefined, tag: string): boolean {
  return header === undefined || listTags(header).some((each) => each === "*" || each === tag);
}

function listTags(header: string): readonly string[] {
  return header.match(/\*|(?:W\/)?"[^"]*"/gu) ?? [];
}
