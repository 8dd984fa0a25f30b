import * as fc from "fast-check";
import { isDecision, type EventType, type ReleaseEvent } from "../../../src/release/events.ts";
import { applyEvent, INITIAL_STATE, type ReleaseState } from "../../../src/release/state.ts";

/** Builds valid logs: every event follows on the state before it. */

export const START_MS = Date.parse("2026-03-02T09:00:00.000Z");

type Details = { [T in EventType]: Omit<Extract<ReleaseEvent, { type: T }>, BaseField> }[EventType];
type BaseField = "time" | "releaseId" | "version" | "who" | "why";

/** A release in the making: `add` appends an event that fits, and keeps the state up to date. */
export interface Story {
  readonly events: ReleaseEvent[];
  readonly state: () => ReleaseState;
  readonly add: (details: Details, releaseId?: string) => Story;
}

export function tellStory(): Story {
  const events: ReleaseEvent[] = [];
  let state = INITIAL_STATE;
  const story: Story = {
    events,
    state: () => state,
    add(details, releaseId = state.releaseId) {
      const base = {
        time: new Date(START_MS + events.length * 1_000).toISOString(),
        releaseId,
        who: "ada",
        why: "a test",
      };
      const draft: ReleaseEvent = { ...base, ...details, version: state.version };
      const event: ReleaseEvent = isDecision(draft) ? { ...draft, version: state.version + 1 } : draft;
      events.push(event);
      state = applyEvent(state, event);
      return story;
    },
  };
  return story;
}

/** A release that has started at this weight. */
export function startedAt(weightPpm: number, step = 0): Story {
  return tellStory().add({ type: "release-started", cohort: "salt/0", step, weightPpm }, "rel-1");
}

/** 16 hex digits that stand for identity number `n`, spread like hashes. */
export function identityOf(n: number): string {
  const high = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return high.toString(16).padStart(8, "0") + n.toString(16).padStart(8, "0");
}

/** Seeded, uniform on [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const weight = fc.integer({ min: 0, max: 1_000_000 });
const cause = fc.constantFrom("operator" as const, "evidence" as const, "breaker" as const);
const identity = fc.integer({ min: 0, max: 40 }).map(identityOf);

/** What may happen next, in any order; weighted towards failures, as real logs are. */
const details: fc.Arbitrary<Details> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("failure" as const),
      metric: fc.constantFrom("errors" as const, "slow" as const),
      identity,
      assignment: fc.constantFrom("v1" as const, "v2" as const),
      weightPpm: weight,
      kind: fc.constantFrom("reset", "status_5xx"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("held" as const), heldMs: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("quarantined" as const),
      identity,
      until: fc.nat(100_000).map((ms) => new Date(START_MS + ms).toISOString()),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom("weight-applied" as const, "advanced" as const),
      step: fc.integer({ min: -1, max: 3 }),
      weightPpm: weight,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("promoted" as const), step: fc.constant(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom("frozen" as const, "aborted" as const), cause }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("unfrozen" as const, "resumed" as const) }) },
);

/** A whole valid log of one release, in which anything may follow on anything. */
export const anyStory: fc.Arbitrary<Story> = fc
  .tuple(weight, fc.array(details, { maxLength: 60 }))
  .map(([first, rest]) => {
    const story = startedAt(first);
    for (const next of rest) story.add(next);
    return story;
  });
