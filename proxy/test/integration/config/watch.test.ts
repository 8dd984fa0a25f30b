import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { sha256Hex } from "../../../src/config/canonical.ts";
import { watchConfig } from "../../../src/config/watch.ts";
import type { ConfigWatch, WatchOptions } from "../../../src/config/watch.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

interface Watching {
  readonly watch: ConfigWatch;
  readonly changes: readonly (string | null)[];
  /** Settles with the next change that has not been taken yet. */
  readonly next: () => Promise<string | null>;
}

const never = 3_600_000;

async function startWatch(path: string, options: Partial<WatchOptions> = {}): Promise<Watching> {
  const stop = new AbortController();
  const changes: (string | null)[] = [];
  let taken = 0;
  let wake = (): void => undefined;
  const watch = watchConfig({
    path,
    pollMs: never,
    signal: stop.signal,
    onChange: (hash) => {
      changes.push(hash);
      wake();
    },
    ...options,
  });
  onTestFinished(async () => {
    stop.abort();
    await watch.closed;
  });
  await watch.ready;
  const next = async (): Promise<string | null> => {
    while (changes.length <= taken) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
    const change = changes[taken];
    taken += 1;
    return change ?? null;
  };
  return { watch, changes, next };
}

async function createFile(text: string): Promise<string> {
  const path = join(await createTemporaryFolder(), "serin.yaml");
  await writeFile(path, text);
  return path;
}

// Without polling, so that each of these proves that the directory is watched.
describe("a watched file is noticed at once when", () => {
  test("it is written in place", async () => {
    const path = await createFile("a");
    const { next } = await startWatch(path);
    const startedAt = performance.now();
    await writeFile(path, "b");
    expect(await next()).toBe(sha256Hex("b"));
    expect(performance.now() - startedAt).toBeLessThan(300);
  });

  test("an editor renames a new file over it, again and again", async () => {
    const path = await createFile("a");
    const { next } = await startWatch(path);
    for (const text of ["b", "c", "d"]) {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
      expect(await next()).toBe(sha256Hex(text));
    }
  });

  test("an editor moves it aside and writes a new one", async () => {
    const path = await createFile("a");
    const { next, changes } = await startWatch(path);
    await rename(path, `${path}~`);
    await writeFile(path, "b");
    let last = await next();
    while (last !== sha256Hex("b")) {
      last = await next();
    }
    expect(changes.filter((change) => change !== null)).toEqual([sha256Hex("b")]);
  });

  test("Kubernetes swaps the ..data symlink of a ConfigMap", async () => {
    const folder = await createTemporaryFolder();
    const publish = async (name: string, text: string): Promise<void> => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "serin.yaml"), text);
      await symlink(name, join(folder, "..data_tmp"));
      await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    await publish("..2026_1", "a");
    await symlink(join("..data", "serin.yaml"), join(folder, "serin.yaml"));
    const { next } = await startWatch(join(folder, "serin.yaml"));
    await publish("..2026_2", "b");
    await rm(join(folder, "..2026_1"), { recursive: true });
    expect(await next()).toBe(sha256Hex("b"));
    await publish("..2026_3", "c");
    expect(await next()).toBe(sha256Hex("c"));
  });

  test("it is a symlink and its target in another folder changes", async () => {
    const target = await createFile("a");
    const path = join(await createTemporaryFolder(), "link.yaml");
    await symlink(target, path);
    const { next } = await startWatch(path);
    await writeFile(target, "b");
    expect(await next()).toBe(sha256Hex("b"));
  });

  test("it is deleted, and when it comes back", async () => {
    const path = await createFile("a");
    const { next } = await startWatch(path);
    await unlink(path);
    expect(await next()).toBeNull();
    await writeFile(path, "a");
    expect(await next()).toBe(sha256Hex("a"));
  });

  test("it did not exist when the watch began", async () => {
    const path = join(await createTemporaryFolder(), "serin.yaml");
    const { next } = await startWatch(path);
    await writeFile(path, "a");
    expect(await next()).toBe(sha256Hex("a"));
  });

  test("it changed between loading and watching", async () => {
    const path = await createFile("b");
    const { next } = await startWatch(path, { knownHash: sha256Hex("a") });
    expect(await next()).toBe(sha256Hex("b"));
  });
});

describe("a watched file", () => {
  test("is found again after its folder was deleted and made anew", async () => {
    const parent = await mkdtemp(join(tmpdir(), "serin-test-"));
    onTestFinished(() => rm(parent, { recursive: true, force: true }));
    const folder = join(parent, "etc");
    const path = join(folder, "serin.yaml");
    await mkdir(folder);
    await writeFile(path, "a");
    const { next } = await startWatch(path, { pollMs: 20 });
    await rm(folder, { recursive: true });
    expect(await next()).toBeNull();
    await mkdir(folder);
    await writeFile(path, "b");
    expect(await next()).toBe(sha256Hex("b"));
    await writeFile(path, "c");
    expect(await next()).toBe(sha256Hex("c"));
  });

  test("is found again after its folder, a symlink, was turned to another", async () => {
    const parent = await createTemporaryFolder();
    for (const name of ["one", "two"]) {
      await mkdir(join(parent, name));
      await writeFile(join(parent, name, "serin.yaml"), name);
    }
    await symlink("one", join(parent, "current"));
    const { next } = await startWatch(join(parent, "current", "serin.yaml"), { pollMs: 20 });
    await symlink("two", join(parent, "new"));
    await rename(join(parent, "new"), join(parent, "current"));
    expect(await next()).toBe(sha256Hex("two"));
  });

  test("reports nothing when it is touched or rewritten alike, or when its neighbours change", async () => {
    const path = await createFile("a");
    const { changes, next } = await startWatch(path, { pollMs: 10 });
    await writeFile(path, "a");
    await writeFile(`${path}.other`, "b");
    await rename(`${path}.other`, `${path}.another`);
    // A real change after them: had they been reported, it would not come first.
    await writeFile(path, "c");
    await next();
    expect(changes).toEqual([sha256Hex("c")]);
  });

  test("is reported whole, not by halves, when it is written slowly", async () => {
    const path = await createFile("a");
    const { changes, next } = await startWatch(path, { settleMs: 200 });
    for (const half of ["split", "split:\n  percentage: 1", "split:\n  percentage: 10\n"]) {
      await writeFile(path, half);
      await pause(40);
    }
    expect(await next()).toBe(sha256Hex("split:\n  percentage: 10\n"));
    expect(changes).toHaveLength(1);
  });

  test("is not reported by two calls at a time", async () => {
    const path = await createFile("a");
    let running = 0;
    let most = 0;
    const seen: (string | null)[] = [];
    const done = Promise.withResolvers<void>();
    await startWatch(path, {
      settleMs: 0,
      onChange: async (hash) => {
        running += 1;
        most = Math.max(most, running);
        await writeFile(path, seen.length < 4 ? `x${seen.length}` : "end");
        await pause(10);
        seen.push(hash);
        running -= 1;
        if (hash === sha256Hex("end")) {
          done.resolve();
        }
      },
    });
    await writeFile(path, "b");
    await done.promise;
    expect(most).toBe(1);
  });
});

describe("the watch", () => {
  test("ends with its signal, and reports nothing afterwards", async () => {
    const path = await createFile("a");
    const stop = new AbortController();
    const changes: (string | null)[] = [];
    const watch = watchConfig({
      path,
      pollMs: 5,
      signal: stop.signal,
      onChange: (hash) => void changes.push(hash),
    });
    await watch.ready;
    stop.abort();
    await watch.closed;
    await writeFile(path, "b");
    await pause(30);
    expect(changes).toEqual([]);
  });

  test("hands on what its listener throws", async () => {
    const path = await createFile("a");
    const watch = watchConfig({
      path,
      pollMs: 5,
      signal: new AbortController().signal,
      onChange: () => {
        throw new Error("listener");
      },
    });
    await watch.ready;
    await writeFile(path, "b");
    await expect(watch.closed).rejects.toThrow("listener");
  });
});

test("notices that a change which somebody else has read was undone before the watch saw it", async () => {
  const path = join(await createTemporaryFolder(), "serin.yaml");
  await writeFile(path, "a");
  let used = sha256Hex("a");
  const noticed = Promise.withResolvers<string | null>();
  const aborter = new AbortController();
  const watch = watchConfig({
    path,
    pollMs: 20,
    usedHash: () => used,
    onChange: (hash) => {
      used = hash ?? "";
      noticed.resolve(hash);
    },
    signal: aborter.signal,
  });
  await watch.ready;
  // As after `serin set` and an edit right behind it: "b" was read and put to use, and the file says "a" again.
  used = sha256Hex("b");
  expect(await noticed.promise).toBe(sha256Hex("a"));
  aborter.abort();
  await watch.closed;
});
