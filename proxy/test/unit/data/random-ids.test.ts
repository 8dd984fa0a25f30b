import { expect, test } from "vitest";
import { RandomIds } from "../../../src/data/random-ids.ts";

test("ids are 22 characters that can stand in a cookie, and never the same, also past the end of the pool", () => {
  const ids = new RandomIds();
  const drawn = Array.from({ length: 1_000 }, () => ids.next());
  for (const id of drawn) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(new Set(drawn).size).toBe(1_000);
});
