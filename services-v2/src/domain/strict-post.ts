import { FieldReader, type Input } from "./field-reader.ts";
import { done, type Outcome, refuse } from "./outcome.ts";
import type { NewPost, PostChange } from "./post.ts";
import { strictSlug } from "./slug.ts";
import type { TextRule } from "./text-rule.ts";

const title: TextRule = { min: 1, max: 200, trim: true };
const content: TextRule = { min: 10, max: 100_000 };
const excerpt: TextRule = { min: 0, max: 500, trim: true };
const metaTitle: TextRule = { min: 0, max: 60, trim: true };
const metaDescription: TextRule = { min: 0, max: 160, trim: true };
const tag: TextRule = { min: 3, max: 49 };
const category: TextRule = { min: 1, max: 100 };
const mostLabels = 20;

const fields = ["title", "slug", "content", "excerpt", "tags", "metadata"];
const metadataFields = ["meta_title", "meta_description", "categories"];

/** API v2's new post. It is a draft: publishing is an act of its own. */
export function parseStrictNewPost(input: Input): Outcome<NewPost> {
  const reader = new FieldReader(input);
  const required = { title: reader.text("title", title), content: reader.text("content", content) };
  const rest = readRest(reader);
  if (reader.violations.length > 0) return refuse({ kind: "invalid", violations: reader.violations });
  return done({
    slug: null,
    excerpt: null,
    status: "draft",
    tags: [],
    metaTitle: null,
    metaDescription: null,
    categories: [],
    ...required,
    ...rest,
  });
}

/** API v2's change of a post: any subset of the fields, at least one. The status has its own paths. */
export function parseStrictPostChange(input: Input): Outcome<PostChange> {
  const reader = new FieldReader(input);
  const newTitle = reader.givenText("title", title);
  const newContent = reader.givenText("content", content);
  const rest = readRest(reader);
  reader.refuseEmpty();
  if (reader.violations.length > 0) return refuse({ kind: "invalid", violations: reader.violations });
  return done({
    ...(newTitle === undefined ? {} : { title: newTitle }),
    ...(newContent === undefined ? {} : { content: newContent }),
    ...rest,
  });
}

function readRest(reader: FieldReader): PostChange {
  const newSlug = reader.givenText("slug", strictSlug);
  const newExcerpt = reader.optionalText("excerpt", excerpt);
  const tags = reader.labels("tags", tag, mostLabels, true);
  const metadata = reader.inner("metadata");
  const newMetaTitle = metadata?.optionalText("meta_title", metaTitle);
  const newMetaDescription = metadata?.optionalText("meta_description", metaDescription);
  const categories = metadata?.labels("categories", category, mostLabels, false);
  metadata?.refuseUnknown(metadataFields);
  reader.violations.push(...(metadata?.violations ?? []));
  reader.refuseUnknown(fields);
  return {
    ...(newSlug === undefined ? {} : { slug: newSlug }),
    ...(newExcerpt === undefined ? {} : { excerpt: newExcerpt || null }),
    ...(tags === undefined ? {} : { tags }),
    ...(newMetaTitle === undefined ? {} : { metaTitle: newMetaTitle || null }),
    ...(newMetaDescription === undefined ? {} : { metaDescription: newMetaDescription || null }),
    ...(categories === undefined ? {} : { categories }),
  };
}
