import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ApiError, type ValidationProblem } from "../../src/api-error.ts";
import { FieldReader, lengthOf } from "../../src/fields.ts";
import { readPost, slugFromTitle } from "../../src/post-fields.ts";
import { readEmail } from "../../src/user-fields.ts";

function problemsOf(read: (fields: FieldReader) => unknown, values: object): readonly string[] {
  const problems: ValidationProblem[] = [];
  read(new FieldReader(values, problems));
  return problems.map(({ field, message }) => `${field} ${message}`);
}

test.each([[null], [[]], ["text"], [7], [undefined]])("a body of %j is not an object", (body) => {
  expect(() => FieldReader.ofBody(body)).toThrow(ApiError);
});

test("lengths are counted in code points", () => {
  expect(lengthOf("a🙂é")).toBe(3);
  expect(problemsOf((fields) => readPost(fields, true), { title: "🙂".repeat(255), content: "c" })).toEqual(
    [],
  );
  expect(problemsOf((fields) => readPost(fields, true), { title: "🙂".repeat(256), content: "c" })).toEqual([
    "title must be between 1 and 255 characters",
  ]);
});

test("null is absent, except that it clears a nullable text", () => {
  const fields = new FieldReader({ title: null, excerpt: null, tags: null, metadata: null, status: null });
  expect(readPost(fields, false)).toEqual({
    title: undefined,
    content: undefined,
    slug: undefined,
    excerpt: null,
    status: undefined,
    tags: undefined,
    metaTitle: undefined,
    metaDescription: undefined,
    categories: undefined,
  });
  expect(fields.hasProblems).toBe(false);
});

test("names that every object inherits are not fields", () => {
  const fields = new FieldReader({});
  for (const name of ["constructor", "toString", "__proto__"]) expect(fields.has(name)).toBe(false);
});

test.each([
  ["a@b.c", true],
  ["a+b@c.d.e", true],
  ["ü@ü.ü", true],
  ["a@b", false],
  ["@b.c", false],
  ["a b@c.d", false],
  ["a@b@c.d", false],
  ["", false],
  [`${"x".repeat(317)}@y.z`, false],
])("the email '%s' is accepted: %s", (email, accepted) => {
  expect(problemsOf((fields) => readEmail(fields, true), { email })).toEqual(
    accepted ? [] : ["email must be a valid email address"],
  );
});

test.each([
  ["Hello, World!", "hello-world"],
  ["  --Été à Zürich--  ", "ete-a-zurich"],
  ["C++ & C#", "c-c"],
  ["ﬁne ½", "fine-1-2"],
  ["日本語", "post"],
  ["x".repeat(250), "x".repeat(200)],
  [`${"x".repeat(199)} y`, "x".repeat(199)],
])("the title '%s' leads to the slug '%s'", (title, slug) => {
  expect(slugFromTitle(title)).toBe(slug);
});

test("every title leads to a well-formed slug, and a slug leads to itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (title) => {
      const slug = slugFromTitle(title);
      expect(slug).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/u);
      expect(slug.length).toBeLessThanOrEqual(200);
      expect(slugFromTitle(slug)).toBe(slug);
    }),
  );
});

test("tags come out trimmed, in lower case, each once, in the order given", () => {
  const read = (tags: readonly unknown[]) => readPost(new FieldReader({ tags }), false).tags;
  expect(read([" One ", "TWO", "one", "two "])).toEqual(["one", "two"]);
  expect(read(Array.from({ length: 40 }, (_, n) => `tag ${n % 20}`))).toHaveLength(20);
  expect(read(["a\0bc"])).toBeUndefined();
  expect(read([1])).toBeUndefined();
});
