import { array, assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { numberSlug, strictSlug, suggestSlug } from "../../../src/domain/slug.ts";
import { countCharacters, parseText } from "../../../src/domain/text-rule.ts";

/** Any code points, halves of pairs among them. (The library's own units of this kind take seconds to set up.) */
const anyText = array(integer({ min: 0, max: 0x10ffff }), { maxLength: 40 }).map((points) =>
  String.fromCodePoint(...points),
);

describe("counting characters", () => {
  it("counts code points, whatever the text", () => {
    assert(
      property(anyText, (text) => {
        expect(countCharacters(text)).toBe(Array.from(text).length);
      }),
    );
  });

  it("counts half a pair as one", () => {
    expect(countCharacters("\ud800")).toBe(1);
    expect(countCharacters("\ud800\ud800\udc00")).toBe(2);
  });
});

describe("slugs made from titles", () => {
  it.each([
    ["Hello, World!", "hello-world"],
    ["  Déjà vu  ", "deja-vu"],
    ["a", "post-a"],
    ["日本語", "post"],
    ["--", "post"],
    ["x".repeat(80), "x".repeat(50)],
    [`${"x".repeat(49)} y`, "x".repeat(49)],
  ])("%j gives %s", (title, slug) => {
    expect(suggestSlug(title, "post")).toBe(slug);
  });

  it("always obey the rule for slugs", () => {
    assert(
      property(anyText, (title) => {
        expect(typeof parseText("slug", suggestSlug(title, "post"), strictSlug)).toBe("string");
      }),
    );
  });

  it("stay within the bound when numbered", () => {
    expect(numberSlug("hello", 2, 50)).toBe("hello-2");
    expect(numberSlug("x".repeat(50), 12, 50)).toBe(`${"x".repeat(47)}-12`);
    expect(numberSlug(`${"x".repeat(47)}-yy`, 2, 50)).toBe(`${"x".repeat(47)}-2`);
  });
});
