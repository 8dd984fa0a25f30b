import type { TextRule } from "./text-rule.ts";

export const strictSlug: TextRule = { min: 3, max: 50, pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/u };

/**
 * A slug of API v2 made from a title or a name: ASCII letters and digits, words joined by one hyphen, 3 to 50 long.
 * A text that holds nothing usable gives `fallback`, lengthened by it when it gives fewer than three characters.
 */
export function suggestSlug(text: string, fallback: string): string {
  const words = text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "-")
    .slice(0, strictSlug.max)
    .replace(/^-+|-+$/gu, "");
  if (words.length >= strictSlug.min) return words;
  return words === "" ? fallback : `${fallback}-${words}`;
}

/** The `attempt`-th alternative of a slug that is taken (2, 3, ...), kept within `max` characters. */
export function numberSlug(slug: string, attempt: number, max: number): string {
  const suffix = `-${attempt}`;
  return `${slug.slice(0, max - suffix.length).replace(/-+$/u, "")}${suffix}`;
}

/** The longest slug that API v1 makes; one that is given may have 255. */
export const looseSlugLength = 200;

/** A slug made as API v1 makes it, of up to 200 characters. */
export function suggestLooseSlug(title: string): string {
  const words = title
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "-")
    .replace(/^-+|-+$/gu, "")
    .slice(0, looseSlugLength)
    .replace(/-+$/u, "");
  return words === "" ? "post" : words;
}
