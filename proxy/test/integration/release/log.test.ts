import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { serialiseState } from "../../../src/release/checkpoint.ts";
import type { LogFile } from "../../../src/release/log-file.ts";
import { openReleaseLog, type ReleaseLog, type ReleaseLogOptions } from "../../../src/release/log.ts";
import { readLog } from "../../../src/release/read-log.ts";
import { identityOf, startedAt, type Story } from "../../unit/release/story.ts";

let folder = "";
let path = "";
let logs: ReleaseLog[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-log-"));
  path = join(folder, "nested", "release.jsonl");
});

afterEach(async () => {
  for (const log of logs) await log.close();
  logs = [];
  await rm(folder, { recursive: true });
});

async function opened(options: Omit<ReleaseLogOptions, "path"> = {}): Promise<ReleaseLog> {
  const result = await openReleaseLog({ path, ...options });
  expect.assert(result.ok, result.ok ? "" : result.problem);
  logs.push(result.log);
  return result.log;
}

function failures(story: Story, from: number, count: number): Story {
  for (let n = from; n < from + count; n += 1) {
    const failure = { type: "failure", metric: "errors", weightPpm: 500_000, kind: "reset" } as const;
    story.add({ ...failure, identity: identityOf(n), assignment: n % 2 === 0 ? "v2" : "v1" });
  }
  return story;
}

/** A real file whose disk can be made to fail: it then takes half of what is written and reports that it is full. */
function fragileDisk() {
  const disk = {
    full: false,
    syncs: 0,
    openFile: async (at: string): Promise<LogFile> => {
      const file = await open(at, "r+").catch(() => open(at, "wx+"));
      return {
        async write(bytes, offset, length, position) {
          if (!disk.full) return file.write(bytes, offset, length, position);
          await file.write(bytes, offset, Math.floor(length / 2), position);
          throw new Error("ENOSPC: no space left on device");
        },
        async sync() {
          disk.syncs += 1;
          await file.sync();
        },
        truncate: (length) => file.truncate(length),
        close: () => file.close(),
      };
    },
  };
  return disk;
}

test("what was appended is there after closing and opening again", async () => {
  const story = failures(startedAt(500_000), 0, 5).add({ type: "aborted", cause: "evidence" });
  const log = await opened();
  expect(await log.append(story.events)).toEqual({ durable: true });
  await log.close();
  const again = await opened();
  expect(serialiseState(again.state())).toEqual(serialiseState(story.state()));
  expect(again.history().map(({ type }) => type)).toEqual(["release-started", "aborted"]);
  expect(again.history(1).map(({ type }) => type)).toEqual(["aborted"]);
  await again.close();
});

test("an append is acknowledged only when its bytes are on disk", async () => {
  const story = startedAt(500_000).add({ type: "aborted", cause: "operator" });
  const log = await opened();
  await log.append(story.events);
  // Read beside the open log, as after a crash of its process.
  const result = readLog(await readFile(path));
  expect(result.ok && serialiseState(result.state)).toEqual(serialiseState(story.state()));
  await log.close();
});

test("an event that could not be read back, or does not follow, is refused and changes nothing", async () => {
  const log = await opened();
  const [started] = startedAt(500_000).events;
  expect.assert(started?.type === "release-started");
  await expect(log.append([{ ...started, weightPpm: 0.5 }])).rejects.toThrow("weightPpm must be an integer");
  await expect(log.append([{ ...started, version: 7 }])).rejects.toThrow("version 7 where 1 was due");
  expect(log.state().version).toBe(0);
  expect(await readFile(path, "utf8")).toBe("");
});

test("events that come during a write share the next fsync", async () => {
  const disk = fragileDisk();
  const log = await opened({ openFile: disk.openFile });
  const story = failures(startedAt(500_000), 0, 200);
  const before = disk.syncs;
  await Promise.all(story.events.map((event) => log.append([event])));
  expect(disk.syncs - before).toBeLessThanOrEqual(3);
  await log.close();
  expect((await opened()).state().evidence.errors.identities.size).toBe(200);
});

test("a torn last line is cut off with a warning, and the log goes on cleanly behind it", async () => {
  const story = startedAt(500_000);
  const log = await opened();
  await log.append(story.events);
  await log.close();
  await writeFile(path, `${await readFile(path, "utf8")}{"type":"abor`);
  const result = await openReleaseLog({ path });
  expect.assert(result.ok);
  expect(result.warning).toBe("dropped a torn last line (13 bytes) of the release log");
  await result.log.append(story.add({ type: "aborted", cause: "operator" }).events.slice(-1));
  await result.log.close();
  expect((await opened()).state().aborted).not.toBeNull();
});

test("a log damaged in the middle is not opened, and left as it is", async () => {
  const log = await opened();
  await log.append(startedAt(500_000).add({ type: "frozen", cause: "operator" }).events);
  await log.close();
  const damaged = (await readFile(path, "utf8")).replace("{", "");
  await writeFile(path, damaged);
  expect(await openReleaseLog({ path })).toEqual({
    ok: false,
    problem: `${path}: line 1 of the release log is not JSON`,
  });
  expect(await readFile(path, "utf8")).toBe(damaged);
});

test("a log that cannot be opened is a problem in words", async () => {
  const result = await openReleaseLog({ path: folder });
  expect(result.ok ? "" : result.problem).toContain(folder);
});

describe("a disk that is full", () => {
  test("raises an alarm while the state moves on in memory; when there is space again nothing is missing", async () => {
    const disk = fragileDisk();
    const log = await opened({ openFile: disk.openFile });
    const story = startedAt(500_000);
    await log.append(story.events);
    disk.full = true;
    story.add({ type: "aborted", cause: "breaker" });
    expect(await log.append(story.events.slice(-1))).toEqual({
      durable: false,
      alarm: `the release log ${path} cannot be written: ENOSPC: no space left on device`,
    });
    expect(log.state().aborted?.cause).toBe("breaker");
    expect(log.isHealthy()).toBe(false);
    // A crash now leaves what was acknowledged, behind half a line at most.
    const crashed = readLog(await readFile(path));
    expect(crashed).toMatchObject({ ok: true, state: { version: 1, aborted: null } });
    disk.full = false;
    story.add({ type: "resumed" });
    expect(await log.append(story.events.slice(-1))).toEqual({ durable: true });
    expect(log.isHealthy()).toBe(true);
    await log.close();
    const again = await opened();
    expect(again.history().map(({ type }) => type)).toEqual(["release-started", "aborted", "resumed"]);
    expect(serialiseState(again.state())).toEqual(serialiseState(story.state()));
  });

  test("for long does not fill the memory: past a bound the log catches up by a compaction", async () => {
    const disk = fragileDisk();
    const log = await opened({ openFile: disk.openFile });
    const story = startedAt(500_000);
    disk.full = true;
    await log.append(failures(story, 0, 10_100).events);
    disk.full = false;
    expect(await log.append([])).toEqual({ durable: true });
    expect(await readFile(path, "utf8")).toMatch(/^\{"type":"checkpoint"/);
    await log.close();
    expect((await opened()).state().evidence.errors.identities.size).toBe(10_100);
  });

  test("that fails a compaction leaves the old log in place", async () => {
    const disk = fragileDisk();
    const log = await opened({ openFile: disk.openFile, compactBytes: 1 });
    const story = startedAt(500_000);
    await log.append(story.events);
    disk.full = true;
    await log.append(story.add({ type: "frozen", cause: "operator" }).events.slice(-1));
    expect(readLog(await readFile(path))).toMatchObject({ ok: true, state: { version: 1 } });
    disk.full = false;
    await log.append(story.add({ type: "unfrozen" }).events.slice(-1));
    await log.close();
    expect(serialiseState((await opened()).state())).toEqual(serialiseState(story.state()));
  });

  test.runIf(process.platform === "linux")("is the same with the kernel's own full disk", async () => {
    const log = await opened({ openFile: () => open("/dev/full", "w") });
    const result = await log.append(startedAt(500_000).events);
    expect(result.durable ? "" : result.alarm).toContain("ENOSPC");
    expect(log.state().version).toBe(1);
  });
});

describe("compaction", () => {
  test("bounds the log and keeps the state and the decisions", async () => {
    const log = await opened({ compactBytes: 20_000 });
    const story = startedAt(500_000);
    await log.append(story.events);
    for (let round = 0; round < 50; round += 1) {
      const from = story.events.length;
      for (let n = 0; n < 40; n += 1) story.add({ type: "held", heldMs: n });
      story.add({ type: round % 2 === 0 ? "frozen" : "unfrozen", cause: "operator" });
      await log.append(story.events.slice(from));
    }
    await log.close();
    expect((await stat(path)).size).toBeLessThan(60_000);
    expect(await readdir(join(folder, "nested"))).toEqual(["release.jsonl"]);
    const again = await opened();
    expect(serialiseState(again.state())).toEqual(serialiseState(story.state()));
    expect(again.history()).toHaveLength(51);
    await again.close();
  });

  test("lets the oldest decisions go past the bound", async () => {
    const log = await opened({ compactBytes: 1, maxDecisions: 3 });
    const story = startedAt(500_000);
    for (let n = 0; n < 10; n += 1) story.add({ type: "weight-applied", step: -1, weightPpm: 500_001 + n });
    for (const event of story.events) await log.append([event]);
    await log.close();
    const again = await opened({ maxDecisions: 3 });
    expect(again.history().map(({ version }) => version)).toEqual([9, 10, 11]);
    expect(again.state().version).toBe(11);
  });

  test("that a crash left half done is forgotten", async () => {
    const log = await opened();
    await log.append(startedAt(500_000).events);
    await log.close();
    await writeFile(`${path}.compacting`, '{"type":"checkpoint","sta');
    expect((await opened()).state().version).toBe(1);
    expect(await readdir(join(folder, "nested"))).toEqual(["release.jsonl"]);
  });
});

test("the log is readable for its owner alone", async () => {
  const log = await opened();
  await log.close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
