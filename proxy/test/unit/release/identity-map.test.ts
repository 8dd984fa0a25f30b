import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  EMPTY_IDENTITY_MAP,
  getIdentity,
  identityMapOf,
  isIdentityHash,
  listIdentities,
  setIdentity,
} from "../../../src/release/identity-map.ts";

// Few distinct digits in front, so that leaves fill, split and share long prefixes.
const hash = fc
  .array(fc.constantFrom("0", "1", "f"), { minLength: 16, maxLength: 16 })
  .map((digits) => digits.join(""));
const writes = fc.array(fc.tuple(hash, fc.integer()), { maxLength: 300 });

test("an identity map answers like a Map, whatever is written in whatever order", () => {
  fc.assert(
    fc.property(writes, hash, (entries, probe) => {
      const reference = new Map(entries);
      const map = identityMapOf(entries);
      expect(map.size).toBe(reference.size);
      expect(getIdentity(map, probe)).toBe(reference.get(probe));
      expect(listIdentities(map)).toEqual([...reference].sort(([a], [b]) => (a < b ? -1 : 1)));
    }),
  );
});

test("writing to an identity map leaves the map of before as it was", () => {
  fc.assert(
    fc.property(writes, hash, fc.integer(), (entries, key, value) => {
      const before = identityMapOf(entries);
      const listed = listIdentities(before);
      const after = setIdentity(before, key, value);
      expect(listIdentities(before)).toEqual(listed);
      expect(getIdentity(after, key)).toBe(value);
    }),
  );
});

test("hashes that differ in the last digit alone are kept apart", () => {
  let map = EMPTY_IDENTITY_MAP;
  for (let n = 0; n < 16; n += 1) map = setIdentity(map, `aaaaaaaaaaaaaaa${n.toString(16)}`, n);
  map = setIdentity(map, "aaaaaaaaaaaaaab0", 99);
  expect(map.size).toBe(17);
  expect(getIdentity(map, "aaaaaaaaaaaaaaae")).toBe(14);
});

test.each(["", "123", "0123456789ABCDEF", "0123456789abcdeg", "0123456789abcdef0", 5, null])(
  "%j is no identity hash",
  (value) => {
    expect(isIdentityHash(value)).toBe(false);
  },
);
