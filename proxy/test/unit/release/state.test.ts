import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseState, serialiseState } from "../../../src/release/checkpoint.ts";
import { isDecision } from "../../../src/release/events.ts";
import {
  applyEvent,
  followsOn,
  INITIAL_STATE,
  isQuarantined,
  MAX_QUARANTINED,
  weightInForce,
  type ReleaseState,
} from "../../../src/release/state.ts";
import { anyStory, identityOf, START_MS, startedAt } from "./story.ts";

function fold(events: readonly Parameters<typeof applyEvent>[1][]): ReleaseState {
  return events.reduce(applyEvent, INITIAL_STATE);
}

function failed(n: number, assignment: "v1" | "v2") {
  const details = { type: "failure", metric: "errors", weightPpm: 50_000, kind: "reset" } as const;
  return { ...details, identity: identityOf(n), assignment };
}

describe("the fold", () => {
  test("of a whole log is the fold of its rest on the fold of any prefix", () => {
    fc.assert(
      fc.property(anyStory, fc.nat(), ({ events }, at) => {
        const cut = at % (events.length + 1);
        const resumed = events.slice(cut).reduce(applyEvent, fold(events.slice(0, cut)));
        expect(serialiseState(resumed)).toEqual(serialiseState(fold(events)));
      }),
    );
  });

  test("leaves every earlier state as it was", () => {
    fc.assert(
      fc.property(anyStory, ({ events }) => {
        let state = INITIAL_STATE;
        const kept: [ReleaseState, string][] = [];
        for (const event of events) {
          kept.push([state, JSON.stringify(serialiseState(state))]);
          state = applyEvent(state, event);
        }
        for (const [earlier, text] of kept) expect(JSON.stringify(serialiseState(earlier))).toBe(text);
      }),
    );
  });

  test("raises the version with every decision and with nothing else", () => {
    fc.assert(
      fc.property(anyStory, ({ events, state }) => {
        expect(state().version).toBe(events.filter(isDecision).length);
      }),
    );
  });

  test("survives a checkpoint: the state read back is the state written", () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const written: unknown = JSON.parse(JSON.stringify(serialiseState(story.state())));
        const parsed = parseState(written);
        expect(parsed.ok && serialiseState(parsed.state)).toEqual(serialiseState(story.state()));
      }),
    );
  });

  test("knows which events follow on it: a lost decision and a foreign release are seen", () => {
    const { events } = startedAt(50_000)
      .add({ type: "advanced", step: 1, weightPpm: 100_000 })
      .add({ type: "frozen", cause: "operator" });
    const [started, advanced, frozen] = events;
    expect.assert(started !== undefined && advanced !== undefined && frozen !== undefined);
    const state = applyEvent(INITIAL_STATE, started);
    expect(followsOn(state, advanced)).toBeNull();
    expect(followsOn(state, frozen)).toBe("version 3 where 2 was due");
    expect(followsOn(state, { ...advanced, releaseId: "other" })).toContain('"other"');
  });
});

describe("latches", () => {
  test("an abort takes the weight to 0 and keeps the one to come back to", () => {
    const story = startedAt(500_000).add({ type: "aborted", cause: "breaker" });
    expect(weightInForce(story.state())).toBe(0);
    expect(story.state().weightPpm).toBe(500_000);
    story.add({ type: "resumed" });
    expect(weightInForce(story.state())).toBe(500_000);
  });

  test("a new weight from the config does not lift an abort", () => {
    const story = startedAt(500_000)
      .add({ type: "aborted", cause: "operator" })
      .add({ type: "weight-applied", step: -1, weightPpm: 700_000 });
    expect(weightInForce(story.state())).toBe(0);
  });

  test("the first abort's reason stays when a second one comes", () => {
    const story = startedAt(500_000)
      .add({ type: "aborted", cause: "breaker" })
      .add({ type: "aborted", cause: "operator" });
    expect(story.state().aborted?.cause).toBe("breaker");
  });

  test("resuming an aborted release starts its evidence anew; lifting a freeze keeps it and acknowledges the suspicion", () => {
    const aborted = startedAt(50_000)
      .add(failed(1, "v2"))
      .add({ type: "aborted", cause: "operator" })
      .add({ type: "resumed" });
    expect(aborted.state().evidence.errors.canary).toBe(0);
    const frozen = startedAt(50_000)
      .add(failed(1, "v2"))
      .add({ type: "frozen", cause: "evidence" })
      .add({ type: "unfrozen" });
    expect(frozen.state().evidence.errors.canary).toBe(1);
    expect(frozen.state().suspectAcknowledged).toBe(true);
  });

  test("a new release starts free and without evidence; the same one with another cohort stays aborted", () => {
    const story = startedAt(50_000)
      .add(failed(1, "v2"))
      .add({ type: "aborted", cause: "operator" })
      .add({ type: "release-started", cohort: "salt/7", step: 0, weightPpm: 50_000 });
    expect(story.state().aborted).not.toBeNull();
    expect(story.state().evidence.errors.canary).toBe(0);
    story.add({ type: "release-started", cohort: "salt/7", step: 0, weightPpm: 50_000 }, "rel-2");
    expect(story.state().aborted).toBeNull();
    expect(story.state().version).toBe(4);
  });
});

test("the hold starts again with a new step and goes on when the same weight is applied again", () => {
  const story = startedAt(50_000)
    .add({ type: "held", heldMs: 5_000 })
    .add({ type: "weight-applied", step: 0, weightPpm: 50_000 });
  expect(story.state().heldMs).toBe(5_000);
  story.add({ type: "advanced", step: 1, weightPpm: 100_000 });
  expect(story.state().heldMs).toBe(0);
});

describe("quarantine", () => {
  const until = (ms: number) => new Date(START_MS + ms).toISOString();

  test("keeps an identity on v1 until its time and no longer", () => {
    const state = startedAt(50_000)
      .add({ type: "quarantined", identity: identityOf(1), until: until(60_000) })
      .state();
    expect(isQuarantined(state, identityOf(1), START_MS + 59_999)).toBe(true);
    expect(isQuarantined(state, identityOf(1), START_MS + 60_000)).toBe(false);
    expect(isQuarantined(state, identityOf(2), START_MS)).toBe(false);
  });

  test("is bounded: when it is full the expired make room, and with none expired the new one is left out", () => {
    const story = startedAt(50_000);
    for (let n = 0; n < MAX_QUARANTINED; n += 1) {
      story.add({ type: "quarantined", identity: identityOf(n), until: until(n < 10 ? 1_000 : 86_400_000) });
    }
    story.add({ type: "quarantined", identity: identityOf(20_000), until: until(86_400_000) });
    expect(story.state().quarantine.size).toBe(MAX_QUARANTINED - 9);
    for (let n = 30_000; n < 30_020; n += 1) {
      story.add({ type: "quarantined", identity: identityOf(n), until: until(86_400_000) });
    }
    expect(story.state().quarantine.size).toBe(MAX_QUARANTINED);
  });
});

test("a damaged checkpoint is a problem that names the field", () => {
  const good = serialiseState(startedAt(50_000).add({ type: "frozen", cause: "operator" }).state());
  expect(parseState(good).ok).toBe(true);
  for (const field of Object.keys(good)) {
    expect(parseState({ ...good, [field]: undefined })).toHaveProperty("ok", false);
  }
  expect(parseState({ ...good, weightPpm: "50000" })).toEqual({
    ok: false,
    problem: "state.weightPpm is missing or wrong",
  });
  expect(parseState({ ...good, frozen: { time: "never" } })).toHaveProperty("ok", false);
  expect(parseState({ ...good, quarantine: [["zz", 1]] })).toHaveProperty("ok", false);
  expect(parseState(null)).toHaveProperty("ok", false);
});
