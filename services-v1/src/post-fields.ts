import type { FieldReader } from "./fields.ts";
import { type PostFields, postStatuses } from "./stores/post-store.ts";

const slugMax = 200;

/** What a request says about a post; absent fields are undefined, cleared ones null. */
export type PostInput = { readonly [Field in keyof PostFields]: PostFields[Field] | undefined };

export function readPost(fields: FieldReader, creating: boolean): PostInput {
  const read = creating ? fields.requiredText.bind(fields) : fields.optionalText.bind(fields);
  const title = read("title", {
    min: 1,
    max: 255,
    trim: true,
    message: "must be between 1 and 255 characters",
  });
  const content = read("content", { min: 1, message: "must be at least 1 character" });
  const slug = fields.optionalText("slug", {
    max: 255,
    trim: true,
    message: "must be at most 255 characters",
  });
  const excerpt = fields.nullableText("excerpt", 500);
  const status = fields.choice("status", postStatuses);
  const tags = fields.list("tags", { min: 3, max: 49, lowerCase: true });
  const metadata = fields.object("metadata");
  const metaTitle = metadata?.nullableText("meta_title", 60);
  const metaDescription = metadata?.nullableText("meta_description", 160);
  const categories = metadata?.list("categories", { min: 1, max: 100, lowerCase: false });
  return {
    title,
    content,
    slug: slug === "" ? undefined : slug,
    excerpt,
    status,
    tags,
    metaTitle,
    metaDescription,
    categories,
  };
}

/** The slug that a title leads to; `post` when nothing of it can be kept. */
export function slugFromTitle(title: string): string {
  const plain = title.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  const hyphened = plain.replaceAll(/[^a-z0-9]+/gu, "-").replaceAll(/^-|-$/gu, "");
  return hyphened.slice(0, slugMax).replace(/-$/u, "") || "post";
}
