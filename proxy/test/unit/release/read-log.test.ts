import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { serialiseState } from "../../../src/release/checkpoint.ts";
import { isDecision } from "../../../src/release/events.ts";
import { formatCompacted, formatEvent, readLog } from "../../../src/release/read-log.ts";
import { applyEvent, INITIAL_STATE } from "../../../src/release/state.ts";
import { anyStory, startedAt, type Story } from "./story.ts";

function bytesOf(story: Story): Buffer {
  return Buffer.from(story.events.map(formatEvent).join(""));
}

/** What every prefix of the events gives, as text to compare with. */
function prefixStates(story: Story): string[] {
  const states = [INITIAL_STATE];
  for (const event of story.events) states.push(applyEvent(states.at(-1) ?? INITIAL_STATE, event));
  return states.map((state) => JSON.stringify(serialiseState(state)));
}

const everyKind = startedAt(50_000)
  .add({ type: "held", heldMs: 12.5 })
  .add({
    type: "failure",
    metric: "errors",
    identity: "0123456789abcdef",
    assignment: "v2",
    weightPpm: 50_000,
    kind: "headers_timeout",
  })
  .add({ type: "quarantined", identity: "0123456789abcdef", until: "2026-03-02T10:00:00Z" })
  .add({ type: "frozen", cause: "evidence" })
  .add({ type: "unfrozen" })
  .add({ type: "advanced", step: 1, weightPpm: 500_000 })
  .add({ type: "aborted", cause: "breaker" });

describe("a log that a crash cut off", () => {
  test("at any byte gives the state of exactly the events whose lines are whole", () => {
    const bytes = bytesOf(everyKind);
    const states = prefixStates(everyKind);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const kept = bytes.subarray(0, cut);
      const result = readLog(kept);
      expect.assert(result.ok);
      const wholeLines = kept.filter((byte) => byte === 0x0a).length;
      expect(JSON.stringify(serialiseState(result.state))).toBe(states[wholeLines]);
      expect(result.validBytes).toBe(kept.lastIndexOf(0x0a) + 1);
      expect(result.warning === null).toBe(result.validBytes === cut);
    }
  });

  test("and left garbage behind is read up to the garbage", () => {
    const bytes = bytesOf(everyKind);
    for (const garbage of ["\0\0\0\0", "\0\0\n", '{"type":"resu', "\u{1F600}", "\xff\n"]) {
      const result = readLog(Buffer.concat([bytes, Buffer.from(garbage, "latin1")]));
      expect(result).toMatchObject({ ok: true, validBytes: bytes.length, warning: /torn last line/ });
    }
  });

  test("holds for any story", () => {
    fc.assert(
      fc.property(anyStory, fc.nat(), (story, at) => {
        const bytes = bytesOf(story);
        const result = readLog(bytes.subarray(0, at % (bytes.length + 1)));
        expect.assert(result.ok);
        expect(prefixStates(story)).toContain(JSON.stringify(serialiseState(result.state)));
      }),
    );
  });

  test("after it was compacted gives the same: the checkpoint's state, then that of the prefixes", () => {
    const story = startedAt(50_000).add({ type: "frozen", cause: "operator" });
    const compacted = formatCompacted(story.state(), story.events.filter(isDecision), 0);
    const states = [
      JSON.stringify(serialiseState(INITIAL_STATE)),
      JSON.stringify(serialiseState(story.state())),
    ];
    const before = story.events.length;
    story.add({ type: "unfrozen" }).add({ type: "aborted", cause: "operator" });
    states.push(...prefixStates(story).slice(before + 1));
    const bytes = Buffer.from(compacted + story.events.slice(before).map(formatEvent).join(""));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const result = readLog(bytes.subarray(0, cut));
      expect.assert(result.ok);
      expect(states).toContain(JSON.stringify(serialiseState(result.state)));
    }
  });
});

describe("a log that is damaged in the middle", () => {
  const lines = everyKind.events.map(formatEvent);

  function damaged(at: number, line: string | null): string {
    const text = lines
      .flatMap((good, index) => (index === at ? (line === null ? [] : [line]) : [good]))
      .join("");
    const result = readLog(Buffer.from(text));
    return result.ok ? "" : result.problem;
  }

  test("is a clear error that names the line", () => {
    expect(damaged(2, "{oops\n")).toBe("line 3 of the release log is not JSON");
    expect(damaged(2, "\n")).toBe("line 3 of the release log is not JSON");
    expect(damaged(2, "null\n")).toBe("line 3 of the release log: an event must be an object");
    expect(damaged(0, '{"type":"frozen"}\n')).toContain("line 1 of the release log: frozen.time must be");
    expect(damaged(0, '{"type":"checkpoint","state":{}}\n')).toContain("line 1 of the release log: state.");
  });

  test("is seen when a decision is missing, though every line is whole", () => {
    expect(damaged(4, null)).toBe("line 5 of the release log does not follow: version 3 where 2 was due");
  });
});

test("a compacted log keeps state, decisions and the number of those let go", () => {
  fc.assert(
    fc.property(anyStory, fc.nat(), (story, dropped) => {
      const decisions = story.events.filter(isDecision);
      const result = readLog(Buffer.from(formatCompacted(story.state(), decisions, dropped)));
      expect.assert(result.ok);
      expect(serialiseState(result.state)).toEqual(serialiseState(story.state()));
      expect(result).toMatchObject({ history: decisions, droppedDecisions: dropped, warning: null });
    }),
  );
});
