import { FieldReader, type Input } from "./field-reader.ts";
import { done, type Outcome, refuse } from "./outcome.ts";
import { strictSlug, suggestSlug } from "./slug.ts";
import type { TextRule } from "./text-rule.ts";

export interface Tag {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly description: string | null;
  /** Published posts that carry it. */
  readonly postCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Category extends Tag {
  readonly isActive: boolean;
}

export interface NewLabel {
  readonly name: string;
  readonly slug: string;
  readonly description: string | null;
}

export type LabelChange = Partial<NewLabel>;

export const tagName: TextRule = { min: 1, max: 50, trim: true };
export const categoryName: TextRule = { min: 1, max: 100, trim: true };
export const descriptionRule: TextRule = { min: 0, max: 500 };

const fields = ["name", "slug", "description"];

/** A new tag of API v2. Names are kept in lower case, as they are on posts. */
export function parseNewTag(input: Input): Outcome<NewLabel> {
  const tag = parseNewLabel(input, tagName, "tag");
  return tag.ok ? done({ ...tag.value, name: tag.value.name.toLowerCase() }) : tag;
}

export function parseNewCategory(input: Input): Outcome<NewLabel> {
  return parseNewLabel(input, categoryName, "category");
}

/** API v2's change of a category: any subset of the fields, at least one. */
export function parseCategoryChange(input: Input): Outcome<LabelChange> {
  const reader = new FieldReader(input);
  const name = reader.givenText("name", categoryName);
  const slug = reader.givenText("slug", strictSlug);
  const description = reader.optionalText("description", descriptionRule);
  reader.refuseUnknown(fields);
  reader.refuseEmpty();
  if (reader.violations.length > 0) return refuse({ kind: "invalid", violations: reader.violations });
  return done({
    ...(name === undefined ? {} : { name }),
    ...(slug === undefined ? {} : { slug }),
    ...(description === undefined ? {} : { description }),
  });
}

function parseNewLabel(input: Input, rule: TextRule, fallbackSlug: string): Outcome<NewLabel> {
  const reader = new FieldReader(input);
  const name = reader.text("name", rule);
  const label: NewLabel = {
    name,
    slug: reader.givenText("slug", strictSlug) ?? suggestSlug(name, fallbackSlug),
    description: reader.optionalText("description", descriptionRule) ?? null,
  };
  reader.refuseUnknown(fields);
  return reader.violations.length === 0
    ? done(label)
    : refuse({ kind: "invalid", violations: reader.violations });
}
