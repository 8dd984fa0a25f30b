import { describe, expect, it } from "vitest";
import { createLayeredCache } from "../../../src/cache/layered-cache.ts";
import { createMemoryCache } from "../../../src/cache/memory-cache.ts";
import { createVersionedAnswers } from "../../../src/cache/versioned-answers.ts";

describe("the cache in memory", () => {
  it("lets go of what was used least recently when it is full", async () => {
    const cache = createMemoryCache(3 * (128 + 2 * 2));
    cache.set("a", "1");
    cache.set("b", "2");
    cache.set("c", "3");
    expect(await cache.get("a")).toBe("1");
    cache.set("d", "4");
    expect([await cache.get("a"), await cache.get("b"), await cache.get("c"), await cache.get("d")]).toEqual([
      "1",
      undefined,
      "3",
      "4",
    ]);
  });

  it("never holds more than its bound, and nothing that is larger than it", async () => {
    const cache = createMemoryCache(10_000);
    for (let index = 0; index < 500; index += 1) cache.set(`key ${index}`, "x".repeat(index * 10));
    expect(cache.sizeBytes()).toBeLessThanOrEqual(10_000);
    cache.set("key", "old");
    cache.set("key", "x".repeat(5000));
    expect(await cache.get("key")).toBe(undefined);
    await cache.close();
    expect(await cache.get("key 1")).toBe(undefined);
  });
});

describe("two caches in layers", () => {
  it("keep near what only the far one had", async () => {
    const [near, far] = [createMemoryCache(1000), createMemoryCache(1000)];
    const both = createLayeredCache(near, far);
    far.set("a", "1");
    expect(await both.get("a")).toBe("1");
    expect(await near.get("a")).toBe("1");
    both.set("b", "2");
    expect(await far.get("b")).toBe("2");
  });
});

describe("answers kept under the version of the data", () => {
  it("are worked out anew when the version changes, and only then", async () => {
    let version = "1";
    let works = 0;
    const answers = createVersionedAnswers(createMemoryCache(10_000), async () => version);
    const ask = (): Promise<string> => answers("key", async () => `answer ${(works += 1)}`);
    expect([await ask(), await ask()]).toEqual(["answer 1", "answer 1"]);
    version = "2";
    expect([await ask(), await ask()]).toEqual(["answer 2", "answer 2"]);
  });

  it("are worked out once for many who ask together", async () => {
    let works = 0;
    const answers = createVersionedAnswers(createMemoryCache(10_000), async () => "1");
    const all = await Promise.all(
      Array.from({ length: 50 }, () => answers("key", async () => `answer ${(works += 1)}`)),
    );
    expect(new Set(all)).toEqual(new Set(["answer 1"]));
  });

  it("are not kept when working them out failed", async () => {
    const answers = createVersionedAnswers(createMemoryCache(10_000), async () => "1");
    await expect(answers("key", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await answers("key", async () => "yes")).toBe("yes");
  });
});
