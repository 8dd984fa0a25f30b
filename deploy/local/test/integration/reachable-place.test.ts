import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { canReach } from "../../src/reachable-place.ts";

/** An account that owns nothing here. */
const stranger = { uid: 64_321, gid: 64_321 };
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "serin-reach-"));
  await mkdir(path.join(folder, "inner"));
  await chmod(folder, 0o755);
  return () => rm(folder, { recursive: true, force: true });
});

test("a folder below open ones is reached, also one that is not there yet", async () => {
  expect(await canReach(path.join(folder, "inner"), stranger)).toBe(true);
  expect(await canReach(path.join(folder, "inner/later"), stranger)).toBe(true);
});

test("a closed folder anywhere above is in the way", async () => {
  await chmod(folder, 0o700);
  expect(await canReach(path.join(folder, "inner"), stranger)).toBe(false);
});

test("its owner may pass a folder that is closed for others", async () => {
  await chmod(folder, 0o700);
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  expect(await canReach(path.join(folder, "inner"), owner)).toBe(true);
});

test("whoever runs the server as themselves needs no check", async () => {
  await chmod(folder, 0o700);
  expect(await canReach(path.join(folder, "inner"), {})).toBe(true);
});
