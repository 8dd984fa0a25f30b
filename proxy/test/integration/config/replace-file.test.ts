import { chmod, lstat, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { replaceFile } from "../../../src/config/replace-file.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

async function createFile(text: string): Promise<string> {
  const path = join(await createTemporaryFolder(), "serin.yaml");
  await writeFile(path, text);
  return path;
}

test("a replaced file is a new one with the old mode, and nothing is left beside it", async () => {
  const path = await createFile("old");
  await chmod(path, 0o640);
  const before = await stat(path);
  expect(await replaceFile(path, "new", "old")).toBe(true);
  const after = await stat(path);
  expect(await readFile(path, "utf8")).toBe("new");
  expect(after.mode).toBe(before.mode);
  expect(after.ino).not.toBe(before.ino);
  expect(await readdir(dirname(path))).toEqual([basename(path)]);
});

test("a symlink stays one, its target is replaced in its own folder", async () => {
  const target = await createFile("old");
  const path = join(await createTemporaryFolder(), "link.yaml");
  await symlink(target, path);
  expect(await replaceFile(path, "new", "old")).toBe(true);
  expect((await lstat(path)).isSymbolicLink()).toBe(true);
  expect(await readFile(target, "utf8")).toBe("new");
  expect(await readdir(dirname(path))).toEqual(["link.yaml"]);
});

test("a file that someone else changed meanwhile is left alone", async () => {
  const path = await createFile("theirs");
  expect(await replaceFile(path, "ours", "old")).toBe(false);
  expect(await readFile(path, "utf8")).toBe("theirs");
  expect(await readdir(dirname(path))).toEqual([basename(path)]);
});

test("a file that does not exist is not created", async () => {
  const path = join(await createTemporaryFolder(), "absent.yaml");
  await expect(replaceFile(path, "new", "")).rejects.toMatchObject({ code: "ENOENT" });
  expect(await readdir(dirname(path))).toEqual([]);
});

test("a reader meanwhile sees the old text or the new, never a piece", async () => {
  const texts = ["a", "b"].map((letter) => letter.repeat(200_000));
  const path = await createFile(texts[0] ?? "");
  const written = new AbortController();
  const seen = new Set<string>();
  const reader = (async () => {
    while (!written.signal.aborted) {
      seen.add(await readFile(path, "utf8"));
    }
  })();
  for (let turn = 0; turn < 50; turn += 1) {
    await replaceFile(path, texts[(turn + 1) % 2] ?? "", texts[turn % 2] ?? "");
  }
  written.abort();
  await reader;
  expect([...seen].filter((text) => !texts.includes(text))).toEqual([]);
  expect(seen.size).toBe(2);
});
