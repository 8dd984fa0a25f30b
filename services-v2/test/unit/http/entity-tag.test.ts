import { describe, expect, it } from "vitest";
import { entityTag, isNotModified, isPreconditionMet } from "../../../src/http/v2/entity-tag.ts";

const tag = entityTag("body");

describe("entity tags", () => {
  it("are strong, of one length, and differ with the body", () => {
    expect(tag).toMatch(/^"[\w-]{27}"$/u);
    expect(entityTag("")).toHaveLength(tag.length);
    expect(entityTag("bodY")).not.toBe(tag);
  });

  it.each([
    [undefined, false, true],
    [tag, true, true],
    [`W/${tag}`, true, false],
    ["*", true, true],
    [`"a, b", ${tag}`, true, true],
    ['"other"', false, false],
    ["", false, false],
    ["nonsense", false, false],
  ])("with the header %s: not modified %s, may be written %s", (header, unmodified, writable) => {
    expect([isNotModified(header, tag), isPreconditionMet(header, tag)]).toEqual([unmodified, writable]);
  });
});
