import { expect, test } from "vitest";
import { SeenIdentities } from "../../../src/data/seen-identities.ts";
import { loadHashes } from "../../../src/hashes.ts";
import { hashIdentity, pointOfHash } from "../../../src/split/point.ts";

const hashes = await loadHashes();

test("tells each identity once, by its hash and its points under both salts", () => {
  const seen = new SeenIdentities();
  for (const identity of ["alice", "bob", "alice"]) seen.note(identity);
  const point = (salt: string, identity: string): number =>
    pointOfHash(hashIdentity(hashes.hash32, salt, identity));
  expect(seen.describe(hashes, "old", "new")).toEqual(
    ["alice", "bob"].map((identity) => ({
      key: hashes.hash64(identity),
      oldPoint: point("old", identity),
      newPoint: point("new", identity),
    })),
  );
});

test("remembers the last 1,024 and forgets who came before", () => {
  const seen = new SeenIdentities();
  for (let i = 0; i < 1_500; i += 1) seen.note(`user-${i}`);
  const keys = seen.describe(hashes, "salt", "salt").map(({ key }) => key);
  expect(keys).toHaveLength(1_024);
  expect(keys).toContain(hashes.hash64("user-1499"));
  expect(keys).toContain(hashes.hash64("user-476"));
  expect(keys).not.toContain(hashes.hash64("user-475"));
});

test("one client that asks again and again pushes nobody out", () => {
  const seen = new SeenIdentities();
  seen.note("alice");
  for (let i = 0; i < 5_000; i += 1) seen.note("robot");
  expect(seen.describe(hashes, "salt", "salt").map(({ key }) => key)).toContain(hashes.hash64("alice"));
});
