import { describe, expect, test } from "vitest";
import {
  DEFAULT_PLAN,
  mayAdvance,
  nextChange,
  planProblems,
  type ReleasePlan,
} from "../../../src/release/plan.ts";
import { isOpen, isTimeZone, nextOpen, type WeekWindows } from "../../../src/release/week-windows.ts";
import { START_MS, startedAt } from "./story.ts";

const WEEK_MS = 7 * 86_400_000;
const WORKDAYS: WeekWindows = {
  timeZone: "Europe/Berlin",
  windows: [{ days: [1, 2, 3, 4, 5], fromMinute: 9 * 60, toMinute: 16 * 60 }],
};

function at(time: string): number {
  return Date.parse(time);
}

function utc(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

describe("the plan", () => {
  test("is by default 10, 50, 90 and 100 %, a week each", () => {
    expect(DEFAULT_PLAN.steps.map(({ weightPpm, holdMs }) => [weightPpm / 10_000, holdMs])).toEqual([
      [10, WEEK_MS],
      [50, WEEK_MS],
      [90, WEEK_MS],
      [100, WEEK_MS],
    ]);
    expect(planProblems(DEFAULT_PLAN)).toEqual([]);
  });

  test("with steps that do not rise, or out of range, is refused with every problem", () => {
    const steps = [
      { weightPpm: 500_000, holdMs: 0 },
      { weightPpm: 500_000, holdMs: -1 },
      { weightPpm: 1_000_001, holdMs: 0 },
    ];
    expect(planProblems({ ...DEFAULT_PLAN, steps })).toHaveLength(3);
    expect(planProblems({ ...DEFAULT_PLAN, steps: [] })).toHaveLength(1);
  });

  test("says what comes next and when", () => {
    const state = startedAt(100_000).state();
    expect(nextChange(state, DEFAULT_PLAN, { wallMs: START_MS, heldMs: 86_400_000 })).toEqual({
      kind: "advance",
      step: 1,
      weightPpm: 500_000,
      atMs: START_MS + WEEK_MS - 86_400_000,
      automatic: false,
    });
  });

  test("puts the next change off to the next window of the week", () => {
    const plan: ReleasePlan = { ...DEFAULT_PLAN, windows: WORKDAYS };
    // The hold ends on Saturday, 7 March 2026; Monday 9:00 in Berlin is 8:00 UTC.
    const heldMs = WEEK_MS - 5 * 86_400_000;
    const next = nextChange(startedAt(100_000).state(), plan, { wallMs: START_MS, heldMs });
    expect(next.kind === "advance" && utc(next.atMs)).toBe("2026-03-09T08:00:00.000Z");
  });

  test("goes by the weight: set by hand to 60 %, the next step is 90 %, and nothing holds it back but the warm-up", () => {
    const state = startedAt(600_000, -1).state();
    const next = nextChange(state, DEFAULT_PLAN, { wallMs: START_MS, heldMs: 0 });
    expect(next).toMatchObject({ kind: "advance", step: 2, atMs: START_MS + DEFAULT_PLAN.warmupMs });
  });

  test("ends with promoting, and after that with nothing", () => {
    const now = { wallMs: START_MS, heldMs: WEEK_MS };
    const story = startedAt(1_000_000, 3);
    expect(nextChange(story.state(), DEFAULT_PLAN, now)).toEqual({
      kind: "promote",
      atMs: START_MS,
      automatic: false,
    });
    story.add({ type: "promoted", step: 3 });
    expect(nextChange(story.state(), DEFAULT_PLAN, now)).toEqual({
      kind: "none",
      why: "the release is promoted",
    });
  });

  test("stands still while frozen or aborted, and says why", () => {
    const now = { wallMs: START_MS, heldMs: WEEK_MS };
    const frozen = startedAt(100_000).add({ type: "frozen", cause: "operator" }).state();
    expect(nextChange(frozen, DEFAULT_PLAN, now)).toMatchObject({ kind: "none", why: /frozen/ });
    const aborted = startedAt(100_000).add({ type: "aborted", cause: "operator" }).state();
    expect(nextChange(aborted, DEFAULT_PLAN, now)).toMatchObject({ kind: "none", why: /aborted/ });
  });

  test("does not care about the wall clock for how long a step holds", () => {
    const state = startedAt(100_000).state();
    const held = { heldMs: WEEK_MS - 1 };
    expect(mayAdvance(state, DEFAULT_PLAN, { wallMs: START_MS + 10 * WEEK_MS, ...held })).toBe(false);
    expect(mayAdvance(state, DEFAULT_PLAN, { wallMs: START_MS - 10 * WEEK_MS, heldMs: WEEK_MS })).toBe(true);
  });
});

describe("the windows of the week", () => {
  test("open and close by the clock of their time zone", () => {
    expect(isOpen(WORKDAYS, at("2026-03-02T08:00:00Z"))).toBe(true);
    expect(isOpen(WORKDAYS, at("2026-03-02T07:59:59Z"))).toBe(false);
    expect(isOpen(WORKDAYS, at("2026-03-02T15:00:00Z"))).toBe(false);
    expect(isOpen(WORKDAYS, at("2026-03-07T10:00:00Z"))).toBe(false);
  });

  test("open an hour earlier by UTC in summer time", () => {
    expect(utc(nextOpen(WORKDAYS, at("2026-03-27T20:00:00Z")))).toBe("2026-03-30T07:00:00.000Z");
    expect(utc(nextOpen(WORKDAYS, at("2026-10-23T20:00:00Z")))).toBe("2026-10-26T08:00:00.000Z");
  });

  test("that begin in the hour that summer time skips open at the change", () => {
    const night: WeekWindows = {
      timeZone: "Europe/Berlin",
      windows: [{ days: [7], fromMinute: 150, toMinute: 240 }],
    };
    // On 29 March 2026, 2:00 to 3:00 does not exist in Berlin; 3:00 is 1:00 UTC.
    expect(utc(nextOpen(night, at("2026-03-28T20:00:00Z")))).toBe("2026-03-29T01:00:00.000Z");
    expect(isOpen(night, at("2026-03-29T00:59:59Z"))).toBe(false);
    // On 25 October 2:30 comes twice; the first is 0:30 UTC.
    expect(utc(nextOpen(night, at("2026-10-24T20:00:00Z")))).toBe("2026-10-25T00:30:00.000Z");
    expect(isOpen(night, at("2026-10-25T01:45:00Z"))).toBe(true);
  });

  test("are now when one is open, next week when today's has passed, and never without a day", () => {
    const monday: WeekWindows = { timeZone: "UTC", windows: [{ days: [1], fromMinute: 0, toMinute: 1440 }] };
    const noon = at("2026-03-02T12:00:00.500Z");
    expect(nextOpen(monday, noon)).toBe(noon);
    const early = { ...monday, windows: [{ days: [1], fromMinute: 60, toMinute: 120 }] };
    expect(utc(nextOpen(early, noon))).toBe("2026-03-09T01:00:00.000Z");
    expect(
      nextOpen({ timeZone: "UTC", windows: [{ days: [], fromMinute: 0, toMinute: 60 }] }, noon),
    ).toBeNull();
    expect(nextOpen({ timeZone: "UTC", windows: [] }, noon)).toBe(noon);
  });

  test("agree with a search in steps of five minutes, over changes of the clock on both hemispheres", () => {
    for (const [timeZone, from] of [
      ["America/New_York", "2026-03-07T00:00:00Z"],
      ["Australia/Lord_Howe", "2026-04-03T00:00:00Z"],
      ["Asia/Kathmandu", "2026-01-02T00:00:00Z"],
    ] as const) {
      const week = { timeZone, windows: [{ days: [1, 7], fromMinute: 125, toMinute: 200 }] };
      for (let hour = 0; hour < 96; hour += 13) {
        const start = at(from) + hour * 3_600_000;
        let searched = start;
        while (!isOpen(week, searched)) searched += 300_000;
        expect(utc(nextOpen(week, start))).toBe(utc(searched));
      }
    }
  });

  test("know a time zone from a typing error", () => {
    expect(isTimeZone("Europe/Berlin")).toBe(true);
    expect(isTimeZone("Europe/Berlyn")).toBe(false);
    expect(isTimeZone("")).toBe(false);
  });
});
