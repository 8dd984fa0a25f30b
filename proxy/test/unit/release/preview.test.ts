import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { previewChange, refuseBackward, type Cohort } from "../../../src/release/preview.ts";

function cohort(weightPercent: number, offset = 0, salt = "s"): Cohort {
  return { weightPpm: weightPercent * 10_000, offset, salt };
}

/** Counted point by point, by the split's own rule. */
function counted(from: Cohort, to: Cohort): { toV2: number; toV1: number } {
  let toV2 = 0;
  let toV1 = 0;
  for (let point = 0; point < 1_000_000; point += 1) {
    const was = (point - from.offset + 1_000_000) % 1_000_000 < from.weightPpm;
    const is = (point - to.offset + 1_000_000) % 1_000_000 < to.weightPpm;
    if (is && !was) toV2 += 1;
    if (was && !is) toV1 += 1;
  }
  return { toV2, toV1 };
}

describe("the preview", () => {
  test("of a higher weight moves exactly the difference, and nobody back", () => {
    expect(previewChange(cohort(10), cohort(25))).toMatchObject({
      kind: "moved",
      toV2: 150_000,
      toV1: 0,
      backward: false,
      sentence: "150000 of 1,000,000 points move: 15 % from v1 to v2 and 0 % from v2 to v1.",
    });
  });

  test("counts as a walk over all points does, round the end of the line too", () => {
    const point = fc.integer({ min: 0, max: 999_999 });
    const weightPpm = fc.oneof(
      fc.constantFrom(0, 1, 999_999, 1_000_000),
      fc.integer({ min: 0, max: 1_000_000 }),
    );
    const any = fc.record({ weightPpm, offset: point, salt: fc.constant("s") });
    fc.assert(
      fc.property(any, any, (from, to) => {
        expect(previewChange(from, to)).toMatchObject(counted(from, to));
      }),
      { numRuns: 15 },
    );
  });

  test("of a new offset says who goes and who comes", () => {
    expect(previewChange(cohort(10), cohort(10, 950_000))).toMatchObject({
      toV2: 50_000,
      toV1: 50_000,
      backward: true,
    });
  });

  test("of a new salt says that everything is reshuffled, with the shares to be expected", () => {
    const preview = previewChange(cohort(10), cohort(20, 0, "other"));
    expect(preview).toMatchObject({ kind: "reshuffled", toV2: 180_000, toV1: 80_000, backward: true });
    expect(preview.sentence).toBe(
      "Everything is reshuffled: expect 18 % from v1 to v2 and 8 % from v2 to v1.",
    );
    expect(previewChange(cohort(0), cohort(20, 0, "other")).backward).toBe(false);
  });

  test("of the same config moves nobody", () => {
    expect(previewChange(cohort(10, 5), cohort(10, 5))).toMatchObject({
      kind: "same",
      sentence: "Nobody moves.",
    });
  });

  test("names the identities seen lately that move", () => {
    const seen = [
      { key: "stays", oldPoint: 50_000, newPoint: 50_000 },
      { key: "comes", oldPoint: 150_000, newPoint: 150_000 },
      { key: "never", oldPoint: 900_000, newPoint: 900_000 },
    ];
    expect(previewChange(cohort(10), cohort(20), seen)).toMatchObject({ seenToV2: ["comes"], seenToV1: [] });
    expect(previewChange(cohort(20), cohort(10), seen)).toMatchObject({ seenToV2: [], seenToV1: ["comes"] });
  });
});

test("moving users back is refused unless it is allowed by name", () => {
  const back = previewChange(cohort(50), cohort(10));
  expect(refuseBackward(back, false)).toContain("--allow-backward");
  expect(refuseBackward(back, true)).toBeNull();
  expect(refuseBackward(previewChange(cohort(10), cohort(50)), false)).toBeNull();
});
