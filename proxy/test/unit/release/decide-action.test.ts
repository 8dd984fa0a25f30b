import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideAction, type Action } from "../../../src/release/decide-action.ts";
import {
  assess,
  DEFAULT_JUDGE,
  NO_OBSERVATIONS,
  type Assessment,
  type Verdict,
} from "../../../src/release/judge.ts";
import { DEFAULT_PLAN, type ReleasePlan } from "../../../src/release/plan.ts";
import { INITIAL_STATE } from "../../../src/release/state.ts";
import { anyStory, START_MS, startedAt, tellStory } from "./story.ts";

const WEEK_MS = 7 * 86_400_000;
const DUE = { wallMs: START_MS, heldMs: WEEK_MS };
const AUTO: ReleasePlan = { ...DEFAULT_PLAN, advance: "auto" };

function verdict(word: Verdict): Assessment {
  const calm = assess(INITIAL_STATE, DEFAULT_JUDGE, NO_OBSERVATIONS);
  return {
    ...calm,
    verdict: word,
    cause: word === "harmful" ? "breaker" : null,
    sentence: `${word}: as the test says.`,
  };
}

describe("harm", () => {
  test("aborts when rollback is auto, freezes when it only advises, and does nothing when it is off", () => {
    const state = startedAt(100_000).state();
    const act = (rollback: ReleasePlan["rollback"]) =>
      decideAction(state, { ...DEFAULT_PLAN, rollback }, verdict("harmful"), DUE);
    expect(act("auto")).toEqual({ type: "abort", cause: "breaker", why: "harmful: as the test says." });
    expect(act("advise")).toMatchObject({ type: "freeze", cause: "breaker" });
    expect(act("off")).toEqual({ type: "none" });
  });

  test("aborts a frozen and a promoted release too", () => {
    const frozen = startedAt(100_000).add({ type: "frozen", cause: "operator" }).state();
    expect(decideAction(frozen, AUTO, verdict("harmful"), DUE).type).toBe("abort");
    const promoted = startedAt(1_000_000, 3).add({ type: "promoted", step: 3 }).state();
    expect(decideAction(promoted, AUTO, verdict("harmful"), DUE).type).toBe("abort");
  });

  test("that is only suspected freezes once, and not again when an operator has lifted it", () => {
    const story = startedAt(100_000);
    expect(decideAction(story.state(), AUTO, verdict("suspect"), DUE)).toMatchObject({
      type: "freeze",
      cause: "evidence",
    });
    story.add({ type: "frozen", cause: "evidence" });
    expect(decideAction(story.state(), AUTO, verdict("suspect"), DUE).type).toBe("none");
    story.add({ type: "unfrozen" });
    expect(decideAction(story.state(), AUTO, verdict("suspect"), DUE).type).toBe("none");
    expect(decideAction(story.state(), AUTO, verdict("harmful"), DUE).type).toBe("abort");
  });
});

describe("the plan", () => {
  test("advances by itself when it is due and v2 is safe", () => {
    expect(decideAction(startedAt(100_000).state(), AUTO, verdict("safe"), DUE)).toEqual({
      type: "advance",
      step: 1,
      weightPpm: 500_000,
      why: "the step has held for its time; safe: as the test says.",
    });
  });

  test("does not advance on no data, unless it is told that time alone will do", () => {
    const state = startedAt(100_000).state();
    expect(decideAction(state, AUTO, verdict("inconclusive"), DUE).type).toBe("none");
    const bold: ReleasePlan = { ...AUTO, advanceNeeds: "not-suspect" };
    expect(decideAction(state, bold, verdict("inconclusive"), DUE).type).toBe("advance");
    expect(decideAction(state, { ...bold, rollback: "off" }, verdict("suspect"), DUE).type).toBe("none");
  });

  test("does not advance before its time, outside its windows, or when an operator does it by hand", () => {
    const state = startedAt(100_000).state();
    expect(decideAction(state, AUTO, verdict("safe"), { ...DUE, heldMs: WEEK_MS - 1 }).type).toBe("none");
    expect(decideAction(state, DEFAULT_PLAN, verdict("safe"), DUE).type).toBe("none");
    // The story starts on a Monday.
    const windows = { timeZone: "UTC", windows: [{ days: [2], fromMinute: 0, toMinute: 1440 }] };
    expect(decideAction(state, { ...AUTO, windows }, verdict("safe"), DUE).type).toBe("none");
  });

  test("never leaves 0 % by itself: that is how operators keep everybody on v1", () => {
    const bold: ReleasePlan = { ...AUTO, advanceNeeds: "not-suspect" };
    expect(decideAction(startedAt(0, -1).state(), bold, verdict("safe"), DUE).type).toBe("none");
  });

  test("runs through all four weeks, one step a week, whatever the wall clock does", () => {
    const story = startedAt(100_000);
    const weights: number[] = [];
    let heldMs = 0;
    let weeks = 0;
    for (let hour = 0; story.state().promoted === null && hour < 24 * 40; hour += 1) {
      heldMs += 3_600_000;
      // Every hour somebody sets the clock: a day ahead, then two back.
      const wallMs = START_MS + hour * 3_600_000 + (hour % 2 === 0 ? 86_400_000 : -172_800_000);
      const action = decideAction(story.state(), AUTO, verdict("safe"), { wallMs, heldMs });
      if (action.type === "none") continue;
      weeks = (hour + 1) / (24 * 7);
      if (action.type === "advance") {
        story.add({ type: "advanced", step: action.step, weightPpm: action.weightPpm });
      }
      if (action.type === "promote") story.add({ type: "promoted", step: 3 });
      weights.push(story.state().weightPpm / 10_000);
      heldMs = 0;
    }
    expect(weights).toEqual([50, 90, 100, 100]);
    expect(weeks).toBe(4);
  });
});

test("before a release and after an abort nothing is done, whatever the verdict", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Verdict>("harmful", "suspect", "inconclusive", "safe"),
      fc.constantFrom<ReleasePlan["rollback"]>("auto", "advise", "off"),
      anyStory,
      (word, rollback, story) => {
        const plan: ReleasePlan = { ...AUTO, rollback };
        const none: Action = { type: "none" };
        expect(decideAction(tellStory().state(), plan, verdict(word), DUE)).toEqual(none);
        story.add({ type: "aborted", cause: "operator" });
        expect(decideAction(story.state(), plan, verdict(word), DUE)).toEqual(none);
      },
    ),
  );
});

test("no action ever lowers the weight but an abort", () => {
  fc.assert(
    fc.property(anyStory, fc.constantFrom<Verdict>("suspect", "inconclusive", "safe"), (story, word) => {
      const action = decideAction(story.state(), AUTO, verdict(word), DUE);
      expect(action.type).not.toBe("abort");
      const weightPpm = action.type === "advance" ? action.weightPpm : 1_000_001;
      expect(weightPpm).toBeGreaterThan(story.state().weightPpm);
    }),
  );
});
