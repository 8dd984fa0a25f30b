import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseEvent } from "../../../src/release/parse-event.ts";
import { anyStory, startedAt } from "./story.ts";

const failure = startedAt(50_000)
  .add({
    type: "failure",
    metric: "errors",
    identity: "0123456789abcdef",
    assignment: "v2",
    weightPpm: 50_000,
    kind: "reset",
  })
  .events.at(-1);

test("every event that can be written is read back as it was", () => {
  fc.assert(
    fc.property(anyStory, ({ events }) => {
      for (const event of events) {
        expect(parseEvent(JSON.parse(JSON.stringify(event)))).toEqual({ ok: true, event });
      }
    }),
  );
});

test.each([
  ["type", "exploded", "unknown event type"],
  ["type", "__proto__", "unknown event type"],
  ["type", "constructor", "unknown event type"],
  ["time", "yesterday", "failure.time must be an RFC 3339 time"],
  ["time", "2026-13-40T99:00:00Z", "failure.time"],
  ["version", -1, "failure.version must be an integer"],
  ["version", 1.5, "failure.version"],
  ["who", null, "failure.who must be a string"],
  ["metric", "cost", "failure.metric must be errors | slow"],
  ["identity", "0123", "failure.identity must be 16 lower-case hex digits"],
  ["assignment", "v3", "failure.assignment must be v1 | v2"],
  ["weightPpm", 1_000_001, "failure.weightPpm must be an integer from 0 to 1000000"],
  ["weightPpm", "50000", "failure.weightPpm"],
])("a failure whose %s is %j is a problem that says so", (field, value, problem) => {
  const parsed = parseEvent({ ...failure, [field]: value });
  expect(parsed.ok ? "" : parsed.problem).toContain(problem);
});

test("a missing field is a problem, not an undefined value in the state", () => {
  for (const field of Object.keys(failure ?? {})) {
    expect(parseEvent({ ...failure, [field]: undefined })).toHaveProperty("ok", false);
  }
});

test("whatever JSON holds, parsing gives an answer and never throws", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(parseEvent(value).ok).toBe(false);
    }),
  );
});
