import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { handleCommand, refuseUnwritable, type Command } from "../../../src/release/handle-command.ts";
import { DEFAULT_PLAN, type ReleasePlan } from "../../../src/release/plan.ts";
import {
  applyEvent,
  followsOn,
  INITIAL_STATE,
  weightInForce,
  type ReleaseState,
} from "../../../src/release/state.ts";
import { anyStory, START_MS, startedAt } from "./story.ts";

const COMMANDS = ["abort", "resume", "freeze", "promote", "advance"] as const;

function command(type: (typeof COMMANDS)[number], ifMatch: number | null = null, force = false): Command {
  const base = { who: "ada", why: "the dashboard is red", ifMatch };
  return type === "advance" ? { ...base, type, force } : { ...base, type };
}

function given(state: ReleaseState, asked: Command, plan: ReleasePlan = DEFAULT_PLAN) {
  return handleCommand(state, plan, asked, START_MS);
}

/** The state after a command that must not be refused. */
function obeyed(state: ReleaseState, asked: Command): ReleaseState {
  const outcome = given(state, asked);
  expect.assert(outcome.ok);
  return outcome.events.reduce(applyEvent, state);
}

test("every command leads to the state it names, with who and why kept", () => {
  const running = startedAt(100_000).state();
  const aborted = obeyed(running, command("abort"));
  expect(weightInForce(aborted)).toBe(0);
  expect(aborted.aborted).toMatchObject({ who: "ada", why: "the dashboard is red", cause: "operator" });
  expect(weightInForce(obeyed(aborted, command("resume")))).toBe(100_000);
  const frozen = obeyed(running, command("freeze"));
  expect(frozen.frozen?.who).toBe("ada");
  expect(obeyed(frozen, command("resume")).frozen).toBeNull();
  expect(obeyed(running, command("advance"))).toMatchObject({ weightPpm: 500_000, step: 1 });
  expect(obeyed(running, command("promote"))).toMatchObject({
    weightPpm: 1_000_000,
    promoted: { who: "ada" },
  });
});

test("a command whose If-Match is not the release's version is refused as stale, with the current state", () => {
  const seen = startedAt(100_000).state();
  const now = obeyed(seen, command("advance", seen.version));
  const outcome = given(now, command("advance", seen.version));
  expect(outcome).toMatchObject({ ok: false, refused: "stale", currentState: now });
  expect(outcome).toMatchObject({
    reason: "the release is at version 2, the command was made for version 1",
    whatToDo: /If-Match: 2/,
  });
});

test("a failure that comes in between does not make a command stale", () => {
  const story = startedAt(100_000);
  const { version } = story.state();
  const identity = "0123456789abcdef";
  story.add({
    type: "failure",
    metric: "errors",
    identity,
    assignment: "v1",
    weightPpm: 100_000,
    kind: "reset",
  });
  expect(given(story.state(), command("advance", version)).ok).toBe(true);
});

test("repeating abort, resume, freeze or promote changes nothing and is no error, even with the If-Match of the first time", () => {
  const running = startedAt(100_000).state();
  for (const type of ["abort", "freeze", "promote"] as const) {
    const once = obeyed(running, command(type, running.version));
    expect(given(once, command(type, running.version))).toMatchObject({ ok: true, events: [] });
  }
  expect(given(running, command("resume"))).toMatchObject({ ok: true, events: [] });
});

test("a weight set by hand goes up or down, keeps the plan's step when it is one, and waits while aborted", () => {
  const running = startedAt(100_000).state();
  const set = (state: ReleaseState, weightPpm: number) => {
    const asked = { type: "set-weight", weightPpm, who: "ada", why: "", ifMatch: null } as const;
    return { outcome: given(state, asked), state: obeyed(state, asked) };
  };
  expect(set(running, 500_000).state).toMatchObject({
    weightPpm: 500_000,
    step: 1,
    configWeightPpm: 500_000,
  });
  expect(set(running, 20_000).state).toMatchObject({ weightPpm: 20_000, step: -1 });
  expect(set(running, 100_000).outcome).toMatchObject({ ok: true, events: [] });
  for (const weightPpm of [-1, 1_000_001, 0.5, Number.NaN]) {
    expect(given(running, { type: "set-weight", weightPpm, who: "ada", why: "", ifMatch: null }).ok).toBe(
      false,
    );
  }
  const aborted = obeyed(running, command("abort"));
  const later = set(aborted, 500_000);
  expect(weightInForce(later.state)).toBe(0);
  expect(later.outcome).toMatchObject({ sentence: "set to 50 %, in force once the release is resumed" });
});

test("while the log cannot be written, what gives v2 more is refused, and abort and freeze are not", () => {
  const state = startedAt(100_000).state();
  const refused = (asked: Command) => refuseUnwritable(state, asked, "the disk is full") !== null;
  expect(COMMANDS.filter((type) => refused(command(type)))).toEqual(["resume", "promote", "advance"]);
  const base = { type: "set-weight", who: "ada", why: "", ifMatch: null } as const;
  expect(refused({ ...base, weightPpm: 0 })).toBe(false);
  expect(refused({ ...base, weightPpm: 100_001 })).toBe(true);
});

describe("a refusal says why and what to do", () => {
  test.each(["advance", "promote"] as const)("for %s while frozen or aborted", (type) => {
    const running = startedAt(100_000).state();
    for (const stop of ["freeze", "abort"] as const) {
      const outcome = given(obeyed(running, command(stop)), command(type));
      expect(outcome).toMatchObject({ ok: false, refused: "conflict", whatToDo: /Resume it first/ });
      expect(outcome).toMatchObject({ reason: /by ada at 2026-03-02T09:00:00.000Z: the dashboard is red/ });
    }
  });

  test("for advance past the last step", () => {
    const outcome = given(startedAt(1_000_000, 3).state(), command("advance"));
    expect(outcome).toMatchObject({
      ok: false,
      reason: "the plan has no step above 100 %",
      whatToDo: /promote/,
    });
  });

  test("for advance outside the windows of the week, unless forced", () => {
    const windows = { timeZone: "UTC", windows: [{ days: [2], fromMinute: 0, toMinute: 1440 }] };
    const plan = { ...DEFAULT_PLAN, windows };
    const running = startedAt(100_000).state();
    expect(given(running, command("advance"), plan)).toMatchObject({ ok: false, whatToDo: /--force/ });
    expect(given(running, command("advance", null, true), plan).ok).toBe(true);
  });

  test("for anything before the first release", () => {
    for (const type of COMMANDS) {
      expect(given(INITIAL_STATE, command(type))).toMatchObject({ ok: false, whatToDo: /release\.id/ });
    }
  });
});

test("from any state, a command's events follow on the state, and every refusal has a reason and a way out", () => {
  fc.assert(
    fc.property(anyStory, fc.constantFrom(...COMMANDS), fc.option(fc.nat(20)), (story, type, ifMatch) => {
      const outcome = given(story.state(), command(type, ifMatch));
      const misfits = outcome.ok ? outcome.events.map((event) => followsOn(story.state(), event)) : [];
      expect(misfits.filter((misfit) => misfit !== null)).toEqual([]);
      expect(outcome.ok || (outcome.reason !== "" && outcome.whatToDo !== "")).toBe(true);
    }),
  );
});
