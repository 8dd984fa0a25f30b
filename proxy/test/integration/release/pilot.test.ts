import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DecisionEvent } from "../../../src/release/events.ts";
import type { Command } from "../../../src/release/handle-command.ts";
import { DEFAULT_JUDGE } from "../../../src/release/judge.ts";
import { DEFAULT_LIMITS } from "../../../src/release/limits.ts";
import type { LogFile } from "../../../src/release/log-file.ts";
import { openReleaseLog } from "../../../src/release/log.ts";
import type {
  Alarm,
  ConfiguredRelease,
  Pilot,
  PilotSettings,
  Sample,
  SplitInForce,
} from "../../../src/release/pilot-ports.ts";
import { createPilot } from "../../../src/release/pilot.ts";
import { DEFAULT_PLAN, type ReleasePlan } from "../../../src/release/plan.ts";
import { readLog } from "../../../src/release/read-log.ts";
import { identityOf, START_MS } from "../../unit/release/story.ts";

const WEEK_MS = 7 * 86_400_000;
const RELEASE: ConfiguredRelease = {
  releaseId: "rel-1",
  cohort: "salt/0",
  weightPpm: 100_000,
  killSwitch: false,
};
const QUIET = { requests: 0, failures: 0, overP99Limit: 0 };

/** A pilot with a real log and fake clocks; everything it does through its ports is kept. */
interface Flight {
  readonly pilot: Pilot;
  readonly splits: SplitInForce[];
  readonly decisions: DecisionEvent[];
  readonly alarms: Alarm[];
  /** Both clocks; a test may move one alone. */
  readonly clock: { monotonicMs: number; wallMs: number };
  readonly disk: { full: boolean };
  /** Running counters of the workers. */
  readonly sample: { -readonly [K in keyof Sample]: Sample[K] };
  /** Lets time pass and ticks. */
  readonly pass: (ms: number) => void;
  readonly crash: () => Promise<void>;
}

let folder = "";
let path = "";
let files: LogFile[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-pilot-"));
  path = join(folder, "release.jsonl");
});

afterEach(async () => {
  for (const file of files) await file.close();
  files = [];
  await rm(folder, { recursive: true });
});

async function takeOff(settings: Partial<PilotSettings> & { plan?: ReleasePlan } = {}): Promise<Flight> {
  const disk = { full: false };
  const opened = await openReleaseLog({
    path,
    openFile: async (at) => {
      const file = await open(at, "r+").catch(() => open(at, "wx+"));
      const wrapped: LogFile = {
        write: async (bytes, offset, length, position) => {
          if (disk.full) throw new Error("ENOSPC");
          return file.write(bytes, offset, length, position);
        },
        truncate: (length) => file.truncate(length),
        sync: () => file.sync(),
        close: () => file.close(),
      };
      files.push(wrapped);
      return wrapped;
    },
  });
  expect.assert(opened.ok);
  const clock = { monotonicMs: 1_000_000, wallMs: START_MS };
  const splits: SplitInForce[] = [];
  const decisions: DecisionEvent[] = [];
  const alarms: Alarm[] = [];
  const sample: Flight["sample"] = {
    counters: { v1: QUIET, v2: QUIET },
    healthy: { v1: true, v2: true },
    canaryIdentities: null,
  };
  const pilot = createPilot({
    log: opened.log,
    settings: { plan: DEFAULT_PLAN, judge: DEFAULT_JUDGE, ...settings },
    ports: {
      monotonicMs: () => clock.monotonicMs,
      wallMs: () => clock.wallMs,
      applySplit: async (split) => void splits.push(split),
      onDecision: (event) => decisions.push(event),
      onAlarm: (alarm) => alarms.push(alarm),
    },
  });
  return {
    pilot,
    splits,
    decisions,
    alarms,
    clock,
    disk,
    sample,
    pass(ms) {
      clock.monotonicMs += ms;
      clock.wallMs += ms;
      pilot.tick(sample);
    },
    async crash() {
      for (const file of files) await file.close();
    },
  };
}

async function started(settings: Partial<PilotSettings> = {}, release = RELEASE): Promise<Flight> {
  const full = { plan: DEFAULT_PLAN, judge: DEFAULT_JUDGE, ...settings };
  const flight = await takeOff(full);
  await flight.pilot.configure(full, release, "config");
  return flight;
}

function fail(pilot: Pilot, n: number, assignment: "v1" | "v2"): void {
  pilot.onFailure({
    releaseId: "rel-1",
    identity: identityOf(n),
    assignment,
    metric: "errors",
    kind: "status_5xx",
  });
}

function order(type: "abort" | "resume" | "freeze" | "promote", ifMatch: number | null = null): Command {
  return { type, who: "ada", why: "because", ifMatch };
}

const advance: Command = { type: "advance", who: "ada", why: "because", ifMatch: null, force: false };

describe("a v2 that harms", () => {
  test("is aborted in the very call that brings the last piece of evidence", async () => {
    const { pilot, splits, decisions } = await started();
    for (let n = 0; n < 3; n += 1) fail(pilot, n, "v2");
    expect(splits).toHaveLength(1);
    fail(pilot, 3, "v2");
    expect(splits).toEqual([
      { weightPpm: 100_000, aborted: false },
      { weightPpm: 0, aborted: true },
    ]);
    expect(decisions.map(({ type, who }) => [type, who])).toEqual([
      ["release-started", "config"],
      ["frozen", "serin"],
      ["aborted", "serin"],
    ]);
    expect(decisions.at(-1)?.why).toMatch(/^harmful: \d of \d failing identities were v2's/);
  });

  test("stays aborted after a crash, and is what the next process starts with", async () => {
    const first = await started();
    for (let n = 0; n < 10; n += 1) fail(first.pilot, n, "v2");
    // Already so, but acknowledged only when it is on disk.
    expect(await first.pilot.command(order("abort"))).toMatchObject({
      events: [],
      written: { durable: true },
    });
    await first.crash();
    const { pilot, splits } = await started();
    expect(splits).toEqual([{ weightPpm: 0, aborted: true }]);
    expect(pilot.status().state.aborted).toMatchObject({ who: "serin", cause: "evidence" });
    await pilot.command(order("resume"));
    expect(splits.at(-1)).toEqual({ weightPpm: 100_000, aborted: false });
  });

  test("as badly as v1 does is not aborted, and not frozen either", async () => {
    const { pilot, decisions } = await started();
    for (let n = 0; n < 1_000; n += 1) fail(pilot, n, n % 10 === 0 ? "v2" : "v1");
    expect(decisions.map(({ type }) => type)).toEqual(["release-started"]);
    expect(pilot.status().assessment.verdict).toBe("safe");
  });

  test("totally is aborted by the breaker within 10 s, warm-up or not", async () => {
    const { pilot, splits, decisions, sample, pass } = await started({}, { ...RELEASE, weightPpm: 500_000 });
    pass(500);
    // Evidence alone would need more: half of those who fail are v1's, from earlier.
    for (let n = 0; n < 30; n += 1) fail(pilot, 100 + n, n % 2 === 0 ? "v1" : "v2");
    for (let step = 1; splits.length < 2 && step <= 20; step += 1) {
      const failed = { requests: step * 5, failures: step * 5, overP99Limit: 0 };
      sample.counters = { v1: { ...QUIET, requests: step * 5 }, v2: failed };
      pass(500);
    }
    expect(decisions.at(-1)).toMatchObject({ type: "aborted", cause: "breaker" });
    expect(splits.at(-1)).toEqual({ weightPpm: 0, aborted: true });
  });

  test("beyond the owner's limits is aborted after two windows, and not during warm-up", async () => {
    const judge = { ...DEFAULT_JUDGE, limits: DEFAULT_LIMITS };
    const { decisions, sample, pass } = await started({ judge }, { ...RELEASE, weightPpm: 500_000 });
    const weights: string[] = [];
    for (let second = 1; second <= 125; second += 1) {
      const requests = second * 100;
      sample.counters = {
        v1: { ...QUIET, requests },
        v2: { requests, failures: requests / 10, overP99Limit: 0 },
      };
      pass(1_000);
      weights.push(decisions.at(-1)?.type ?? "");
    }
    expect(weights.indexOf("aborted")).toBeGreaterThan(60);
    expect(decisions.at(-1)).toMatchObject({ type: "aborted", cause: "limit" });
  });

  test("raises an alarm, once, when the plan only advises", async () => {
    const plan: ReleasePlan = { ...DEFAULT_PLAN, rollback: "advise" };
    const { pilot, decisions, alarms, pass } = await started({ plan });
    for (let n = 0; n < 20; n += 1) fail(pilot, n, "v2");
    pass(1_000);
    expect(decisions.map(({ type }) => type)).toEqual(["release-started", "frozen"]);
    expect(alarms.map(({ kind }) => kind)).toEqual(["verdict"]);
  });
});

describe("what is reported", () => {
  test("counts once per identity and release, however many workers and retries report it", async () => {
    const { pilot } = await started();
    for (let n = 0; n < 5; n += 1) fail(pilot, 1, "v1");
    pilot.onFailure({
      releaseId: "old",
      identity: identityOf(2),
      assignment: "v1",
      metric: "errors",
      kind: "reset",
    });
    pilot.onFailure({
      releaseId: "rel-1",
      identity: "not hex",
      assignment: "v1",
      metric: "errors",
      kind: "reset",
    });
    expect(pilot.status().assessment.harmedIdentities).toEqual({ v1: 1, v2: 0 });
  });

  test("is scored by the weight that the worker decided by, not by the one in force since", async () => {
    const { pilot } = await started();
    await pilot.command(advance);
    const late = {
      releaseId: "rel-1",
      assignment: "v1",
      metric: "errors",
      kind: "reset",
      weightPpm: 100_000,
    } as const;
    pilot.onFailure({ ...late, identity: identityOf(1) });
    expect(pilot.status().state.evidence.errors.expectedCanary).toBeCloseTo(0.1, 9);
  });

  test("about slowness does not count during warm-up, and does after it", async () => {
    const { pilot, pass } = await started();
    const slow = { releaseId: "rel-1", assignment: "v2", metric: "slow", kind: "slow" } as const;
    pilot.onFailure({ ...slow, identity: identityOf(1) });
    pass(DEFAULT_PLAN.warmupMs);
    pilot.onFailure({ ...slow, identity: identityOf(2) });
    expect(pilot.status().state.evidence.slow.canary).toBe(1);
  });

  test("shows the share of the identity that fails most", async () => {
    const { pilot } = await started();
    const one = { releaseId: "rel-1", assignment: "v1", metric: "errors", kind: "reset" } as const;
    pilot.onFailure({ ...one, identity: identityOf(1), count: 9 });
    pilot.onFailure({ ...one, identity: identityOf(2) });
    expect(pilot.status().assessment.topIdentityShare).toBe(0.9);
  });
});

describe("the plan", () => {
  const auto: ReleasePlan = { ...DEFAULT_PLAN, advance: "auto" };

  test("of four weeks runs through by itself, hour by hour, while v2 is safe", async () => {
    const { pilot, splits, decisions, sample, pass } = await started({ plan: auto });
    sample.canaryIdentities = 5_000;
    const behind = () => splits.at(-1)?.weightPpm !== pilot.status().split.weightPpm;
    for (let hour = 0; hour < 4 * 7 * 24; hour += 1) {
      pass(3_600_000);
      // A raised weight is applied when it is on disk.
      await expect.poll(behind, { interval: 1 }).toBe(false);
    }
    expect(splits.map(({ weightPpm }) => weightPpm)).toEqual([100_000, 500_000, 900_000, 1_000_000]);
    expect(decisions.map(({ type, time }) => [type, (Date.parse(time) - START_MS) / WEEK_MS])).toEqual([
      ["release-started", 0],
      ["advanced", 1],
      ["advanced", 2],
      ["advanced", 3],
      ["promoted", 4],
    ]);
  });

  test("goes on where it was after a restart: held time is neither lost nor counted twice", async () => {
    const first = await started({ plan: auto });
    first.pass(3 * 86_400_000);
    await first.pilot.stop();
    const second = await started({ plan: auto });
    expect(second.pilot.status().heldMs).toBe(3 * 86_400_000);
    second.sample.canaryIdentities = 5_000;
    second.pass(4 * 86_400_000 - 1);
    expect(second.decisions).toEqual([]);
    second.pass(1);
    await expect.poll(() => second.splits.at(-1)?.weightPpm).toBe(500_000);
  });

  test("does not move when the wall clock jumps, forward or back", async () => {
    const { pilot, decisions, sample, clock, pass } = await started({ plan: auto });
    sample.canaryIdentities = 5_000;
    clock.wallMs += 10 * WEEK_MS;
    pass(1_000);
    clock.wallMs -= 20 * WEEK_MS;
    pass(1_000);
    expect(decisions).toHaveLength(1);
    expect(pilot.status().heldMs).toBe(2_000);
  });

  test("stands still while the kill switch is on, and while v2 is down", async () => {
    const { pilot, decisions, sample, pass } = await started({ plan: auto });
    const settings = { plan: auto, judge: DEFAULT_JUDGE };
    sample.canaryIdentities = 5_000;
    await pilot.configure(settings, { ...RELEASE, killSwitch: true }, "config");
    pass(2 * WEEK_MS);
    expect(pilot.status().heldMs).toBe(0);
    await pilot.configure(settings, RELEASE, "config");
    sample.healthy = { v1: true, v2: false };
    pass(WEEK_MS);
    expect(decisions).toHaveLength(1);
    sample.healthy = { v1: true, v2: true };
    pass(1_000);
    expect(decisions.map(({ type }) => type)).toEqual(["release-started", "advanced"]);
  });

  test("stands still while frozen: that time does not count as held", async () => {
    const { pilot, pass } = await started({ plan: auto });
    pass(5_000);
    await pilot.command(order("freeze"));
    pass(60_000);
    await pilot.command(order("resume"));
    pass(1_000);
    expect(pilot.status().heldMs).toBe(6_000);
  });
});

describe("the config", () => {
  test("loaded again unchanged, or at the next start, does not undo what the plan did since", async () => {
    const first = await started();
    await first.pilot.command(advance);
    await first.pilot.stop();
    const second = await started();
    expect(second.splits).toEqual([{ weightPpm: 500_000, aborted: false }]);
  });

  test("with another weight applies it", async () => {
    const { pilot, splits } = await started();
    const settings = { plan: DEFAULT_PLAN, judge: DEFAULT_JUDGE };
    await pilot.configure(settings, { ...RELEASE, weightPpm: 250_000 }, "config");
    expect(splits.at(-1)).toEqual({ weightPpm: 250_000, aborted: false });
    expect(pilot.status().next).toMatchObject({ kind: "advance", weightPpm: 500_000 });
  });

  test("with a new release.id starts without evidence, and with a new salt stays aborted", async () => {
    const { pilot, splits } = await started();
    const settings = { plan: DEFAULT_PLAN, judge: DEFAULT_JUDGE };
    fail(pilot, 1, "v1");
    await pilot.command(order("abort"));
    await pilot.configure(settings, { ...RELEASE, cohort: "other/0" }, "config");
    expect(splits.at(-1)).toEqual({ weightPpm: 0, aborted: true });
    await pilot.configure(settings, { ...RELEASE, releaseId: "rel-2" }, "config");
    expect(splits.at(-1)).toEqual({ weightPpm: 100_000, aborted: false });
    expect(pilot.status().assessment.harmedIdentities).toEqual({ v1: 0, v2: 0 });
  });
});

describe("commands", () => {
  test("of two operators who saw the same version: the second is refused with the current state", async () => {
    const { pilot } = await started();
    const { version } = pilot.status().state;
    const [first, second] = await Promise.all([
      pilot.command({ ...advance, ifMatch: version }),
      pilot.command({ ...advance, ifMatch: version }),
    ]);
    expect(first.ok).toBe(true);
    expect(second).toMatchObject({ ok: false, refused: "stale", currentState: { weightPpm: 500_000 } });
  });

  test("are acknowledged when they are on disk", async () => {
    const { pilot } = await started();
    const { written } = await pilot.command(order("abort"));
    expect(written).toEqual({ durable: true });
    const onDisk = readLog(await readFile(path));
    expect(onDisk).toMatchObject({ ok: true, state: { aborted: { who: "ada", why: "because" } } });
  });

  test("on a full disk: abort takes effect and says that it is not written; what gives v2 more is refused", async () => {
    const { pilot, splits, alarms, disk } = await started();
    disk.full = true;
    const { ok, written } = await pilot.command(order("abort"));
    expect([ok, written.durable]).toEqual([true, false]);
    expect(splits.at(-1)).toEqual({ weightPpm: 0, aborted: true });
    expect(alarms[0]).toMatchObject({ kind: "log", text: expect.stringContaining("cannot be written") });
    const refused = await pilot.command(order("resume"));
    expect(refused).toMatchObject({ ok: false, refused: "conflict", whatToDo: /Make the log writable/ });
    disk.full = false;
    expect((await pilot.command(order("resume"))).ok).toBe(true);
    expect(splits.at(-1)).toEqual({ weightPpm: 100_000, aborted: false });
  });
});

test("what is no identity hash never reaches the log", async () => {
  const { pilot } = await started();
  pilot.quarantine(["zz", "1f"], START_MS + 60_000);
  expect(pilot.quarantined().map(({ identity }) => identity)).toEqual(["000000000000001f"]);
  await pilot.stop();
  expect(readLog(await readFile(path)).ok).toBe(true);
});

test("quarantined identities are told to workers that start later, until their time", async () => {
  const { pilot, clock } = await started();
  pilot.quarantine([identityOf(1), identityOf(2)], clock.wallMs + 60_000);
  expect(pilot.quarantined()).toHaveLength(2);
  await pilot.stop();
  const again = await started();
  expect(again.pilot.quarantined().map(({ untilMs }) => untilMs - START_MS)).toEqual([60_000, 60_000]);
  again.clock.wallMs += 60_000;
  expect(again.pilot.quarantined()).toEqual([]);
});
