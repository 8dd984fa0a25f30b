import { unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { weightOf } from "../../../src/config/compile.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Environment } from "../../../src/config/load.ts";
import { Reloader } from "../../../src/config/reloader.ts";
import type { ReloaderOptions } from "../../../src/config/reloader.ts";
import type { Snapshot } from "../../../src/config/snapshot.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

interface Fixture {
  readonly path: string;
  readonly reloader: Reloader;
  readonly applied: Snapshot[];
  readonly write: (text: string) => Promise<void>;
}

async function createFixture(
  text: string,
  options: Partial<ReloaderOptions> = {},
  env: Environment = {},
): Promise<Fixture> {
  const path = join(await createTemporaryFolder(), "serin.yaml");
  await writeFile(path, text);
  const initial = await loadConfig({ path, env });
  if (!initial.ok) {
    throw new Error(JSON.stringify(initial.problems));
  }
  const applied: Snapshot[] = [];
  let weightPpm = weightOf(initial.config);
  const reloader = new Reloader({
    path,
    env,
    initial,
    splitInForce: () => ({ weightPpm, aborted: false }),
    decide: async (config) => {
      weightPpm = weightOf(config);
    },
    apply: async (snapshot) => void applied.push(snapshot),
    now: () => 1000,
    ...options,
  });
  return { path, reloader, applied, write: (next) => writeFile(path, next) };
}

describe("a reload", () => {
  test("puts a changed config to work as the next generation", async () => {
    const { reloader, applied, write } = await createFixture("split: {percentage: 5}");
    expect(reloader.snapshot).toMatchObject({ generation: 1, split: { weightPpm: 50_000 } });
    await write("split: {percentage: 10}");
    expect(await reloader.reload("file")).toEqual({
      result: "applied",
      problems: [],
      generation: 2,
      changes: [{ path: "split.percentage", from: 5, to: 10, restart: false }],
    });
    expect(applied).toEqual([reloader.snapshot]);
    expect(reloader.config.split.percentage).toBe(10);
    expect(reloader.status().lastReload).toEqual({
      ok: true,
      result: "applied",
      reason: "file",
      atMs: 1000,
      problems: [],
    });
  });

  test("does nothing when only comments and order changed, but knows the new content", async () => {
    const { reloader, applied, write } = await createFixture("split: {percentage: 5, salt: x}");
    const before = reloader.status();
    await write("# same\nsplit:\n  salt: x\n  percentage: 5.0\n");
    expect(await reloader.reload("signal")).toMatchObject({ result: "unchanged", generation: 1 });
    expect(applied).toEqual([]);
    const after = reloader.status();
    expect(after.hash).toBe(before.hash);
    expect(after.contentHash).not.toBe(before.contentHash);
  });

  test.each([
    ["bad", "split: {percentage: 101}", "value"],
    ["half-written", "split: {percentage: 1", "syntax"],
    ["empty", "", "file"],
  ])("of a %s file changes nothing and says why", async (_, text, code) => {
    const { reloader, applied, write } = await createFixture("split: {percentage: 5}");
    const before = { ...reloader.status(), snapshot: reloader.snapshot };
    await write(text);
    const { result, problems, generation } = await reloader.reload("file");
    expect({ result, generation, codes: problems.map((problem) => problem.code) }).toEqual({
      result: "rejected",
      generation: 1,
      codes: [code],
    });
    expect(applied).toEqual([]);
    expect(reloader.snapshot).toBe(before.snapshot);
    expect(reloader.status()).toMatchObject({
      contentHash: before.contentHash,
      lastReload: { ok: false, problems },
    });
  });

  test("of a deleted file changes nothing, and all is well once it is back", async () => {
    const { path, reloader, applied, write } = await createFixture("split: {percentage: 5}");
    await unlink(path);
    expect(await reloader.reload("file")).toMatchObject({ result: "rejected" });
    await write("split: {percentage: 5}");
    expect(await reloader.reload("file")).toMatchObject({ result: "unchanged", generation: 1 });
    expect(applied).toEqual([]);
    expect(reloader.status()).toMatchObject({
      lastReload: { ok: true, problems: [] },
      counts: { applied: 0, unchanged: 1, rejected: 1 },
    });
  });

  test("is refused as a whole, by name, when part of it needs a restart", async () => {
    const { reloader, applied, write } = await createFixture("split: {percentage: 5}");
    await write("split: {percentage: 10}\nlisten: {port: 8001}\nworkers: 3\n");
    const { result, problems } = await reloader.reload("file");
    expect(result).toBe("rejected");
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ["restart", "listen.port"],
      ["restart", "workers"],
    ]);
    expect(applied).toEqual([]);
    expect(reloader.config.split.percentage).toBe(5);
  });

  test("keeps the previous snapshot when the new one cannot be applied, and never uses a generation twice", async () => {
    let broken = true;
    const generations: number[] = [];
    const { reloader, write } = await createFixture("split: {percentage: 5}", {
      apply: async ({ generation }) => {
        generations.push(generation);
        if (broken) {
          throw new Error("worker 3 is gone");
        }
      },
    });
    await write("split: {percentage: 10}");
    expect(await reloader.reload("file")).toMatchObject({
      result: "rejected",
      generation: 1,
      problems: [{ code: "apply", value: "worker 3 is gone" }],
    });
    expect(reloader.config.split.percentage).toBe(5);
    broken = false;
    expect(await reloader.reload("file")).toMatchObject({ result: "applied", generation: 3 });
    expect(generations).toEqual([2, 3]);
  });

  test("waits for the one before it, and reads the file only then", async () => {
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const weights: number[] = [];
    const { reloader, write } = await createFixture("split: {percentage: 5}", {
      apply: async ({ split }) => {
        weights.push(split.weightPpm);
        entered.resolve();
        await gate.promise;
      },
    });
    await write("split: {percentage: 10}");
    const first = reloader.reload("file");
    await entered.promise;
    const second = reloader.reload("admin");
    await write("split: {percentage: 20}");
    expect(weights).toEqual([100_000]);
    gate.resolve();
    expect(await Promise.all([first, second])).toMatchObject([{ generation: 2 }, { generation: 3 }]);
    expect(weights).toEqual([100_000, 200_000]);
  });

  test("a hundred at once come to one change", async () => {
    const { reloader, applied, write } = await createFixture("split: {percentage: 5}");
    await write("split: {percentage: 10}");
    await Promise.all(Array.from({ length: 100 }, () => reloader.reload("signal")));
    expect(applied).toHaveLength(1);
    expect(reloader.status().counts).toEqual({ applied: 1, unchanged: 99, rejected: 0 });
  });

  test("notes what of the file the environment leaves without effect", async () => {
    const { reloader, write } = await createFixture("{}", {}, { API_V2_TRAFFIC_PERCENTAGE: "5" });
    expect(reloader.status().shadowed).toEqual([]);
    await write("split: {percentage: 50}");
    expect(await reloader.reload("file")).toMatchObject({ result: "unchanged" });
    expect(reloader.status().shadowed).toMatchObject([{ path: "split.percentage", value: 5, fileValue: 50 }]);
  });
});

describe("republish", () => {
  test("puts an abort to work though the file is bad, and once only", async () => {
    let aborted = false;
    const { reloader, applied, write } = await createFixture("split: {percentage: 5}", {
      splitInForce: () => ({ weightPpm: aborted ? 0 : 50_000, aborted }),
    });
    const { hash } = reloader.snapshot;
    await write("not: [valid");
    aborted = true;
    await reloader.republish();
    await reloader.republish();
    expect(applied).toMatchObject([{ generation: 2, hash, split: { aborted: true, weightPpm: 0 } }]);
  });
});
