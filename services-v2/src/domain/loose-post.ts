import type { Input } from "./field-reader.ts";
import { LooseReader } from "./loose-reader.ts";
import { done, type Outcome, refuse } from "./outcome.ts";
import { isPostStatus } from "./post-status.ts";
import type { NewPost, PostChange } from "./post.ts";
import type { TextRule } from "./text-rule.ts";

const title: TextRule = { min: 1, max: 255, trim: true };
const content: TextRule = { min: 1, max: Number.POSITIVE_INFINITY };
const slug: TextRule = { min: 0, max: 255, trim: true };
const excerpt: TextRule = { min: 0, max: 500, trim: true };
const tag: TextRule = { min: 3, max: 49 };
const category: TextRule = { min: 1, max: 100 };
const metaTitle: TextRule = { min: 0, max: 60, trim: true };
const metaDescription: TextRule = { min: 0, max: 160, trim: true };
const commentContent: TextRule = { min: 1, max: 5000, trim: true };
const keyName: TextRule = { min: 1, max: 100, trim: true };
const mostLabels = 20;

/** API v1's new post. The author is looked at elsewhere, since that takes the database. */
export function parseLooseNewPost(input: Input): Outcome<NewPost> {
  const reader = new LooseReader(input);
  const post: PostChange = {
    title: reader.text("title", title),
    content: reader.text("content", content),
    ...readRest(reader),
  };
  return conclude(reader, {
    title: "",
    content: "",
    slug: null,
    excerpt: null,
    status: "draft",
    tags: [],
    metaTitle: null,
    metaDescription: null,
    categories: [],
    ...post,
  });
}

/** API v1's change of a post: only what is present; `{}` is fine. */
export function parseLoosePostChange(input: Input): Outcome<PostChange> {
  const reader = new LooseReader(input);
  const newTitle = reader.optionalText("title", title);
  const newContent = reader.optionalText("content", content);
  return conclude(reader, {
    ...(newTitle === undefined ? {} : { title: newTitle }),
    ...(newContent === undefined ? {} : { content: newContent }),
    ...readRest(reader),
  });
}

export function parseLooseComment(input: Input): Outcome<string> {
  const reader = new LooseReader(input);
  return conclude(reader, reader.text("content", commentContent));
}

/** The name of a new API key, in both APIs. */
export function parseKeyName(input: Input): Outcome<string> {
  const reader = new LooseReader(input);
  return conclude(reader, reader.text("name", keyName));
}

function readRest(reader: LooseReader): PostChange {
  const newSlug = reader.optionalText("slug", slug);
  const newExcerpt = reader.clearableText("excerpt", excerpt);
  const status = reader.choice("status", isPostStatus);
  const tags = reader.labels("tags", tag, mostLabels, true);
  const metadata = reader.inner("metadata");
  const newMetaTitle = metadata?.clearableText("meta_title", metaTitle);
  const newMetaDescription = metadata?.clearableText("meta_description", metaDescription);
  const categories = metadata?.labels("categories", category, mostLabels, false);
  reader.violations.push(...(metadata?.violations ?? []));
  return {
    ...(newSlug === undefined || newSlug === "" ? {} : { slug: newSlug }),
    ...(newExcerpt === undefined ? {} : { excerpt: newExcerpt }),
    ...(status === undefined ? {} : { status }),
    ...(tags === undefined ? {} : { tags }),
    ...(newMetaTitle === undefined ? {} : { metaTitle: newMetaTitle }),
    ...(newMetaDescription === undefined ? {} : { metaDescription: newMetaDescription }),
    ...(categories === undefined ? {} : { categories }),
  };
}

function conclude<Value>(reader: LooseReader, value: Value): Outcome<Value> {
  return reader.violations.length === 0
    ? done(value)
    : refuse({ kind: "invalid", violations: reader.violations });
}
