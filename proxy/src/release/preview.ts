import { distanceFromOffset, POINTS } from "../split/point.ts";

/** What of a config decides who goes where. */
export interface Cohort {
  readonly weightPpm: number;
  readonly salt: string;
  readonly offset: number;
}

/** An identity seen lately, with its points under the old and the new salt. */
export interface SeenIdentity {
  /** However the caller names it; never the identity in clear. */
  readonly key: string;
  readonly oldPoint: number;
  readonly newPoint: number;
}

export interface Preview {
  /** `reshuffled`: the salt changes, so everybody is drawn anew and the counts are expectations. */
  readonly kind: "same" | "moved" | "reshuffled";
  /** Points (of 1,000,000) that go from v1 to v2: exact, or expected when reshuffled. */
  readonly toV2: number;
  /** Points that go from v2 back to v1. */
  readonly toV1: number;
  readonly seenToV2: readonly string[];
  readonly seenToV1: readonly string[];
  /** Somebody who is on v2 would go back to v1. */
  readonly backward: boolean;
  readonly sentence: string;
}

/** What a change of the cohort does, without doing it. Pure interval arithmetic modulo 1,000,000. */
export function previewChange(from: Cohort, to: Cohort, seen: readonly SeenIdentity[] = []): Preview {
  const reshuffled = from.salt !== to.salt;
  const shared = reshuffled ? (from.weightPpm * to.weightPpm) / POINTS : sharedPoints(from, to);
  const toV2 = Math.round(to.weightPpm - shared);
  const toV1 = Math.round(from.weightPpm - shared);
  const seenToV2: string[] = [];
  const seenToV1: string[] = [];
  for (const { key, oldPoint, newPoint } of seen) {
    const was = isCanary(from, oldPoint);
    const is = isCanary(to, newPoint);
    if (is && !was) seenToV2.push(key);
    if (was && !is) seenToV1.push(key);
  }
  const kind = reshuffled ? "reshuffled" : toV2 === 0 && toV1 === 0 ? "same" : "moved";
  const backward = toV1 > 0 || seenToV1.length > 0;
  return { kind, toV2, toV1, seenToV2, seenToV1, backward, sentence: sentenceOf(kind, toV2, toV1) };
}

/** Why a change must not be made, or `null`: users who saw v2 must not lose it by accident. */
export function refuseBackward(preview: Preview, allowBackward: boolean): string | null {
  if (!preview.backward || allowBackward) return null;
  return (
    `${preview.sentence} This would move users back from v2 to v1. ` +
    "Allow it with --allow-backward, or use abort to take everybody off v2 at once."
  );
}

function isCanary({ weightPpm, offset }: Cohort, point: number): boolean {
  return distanceFromOffset(point, offset) < weightPpm;
}

/** Number of points that are v2's under both. */
function sharedPoints(from: Cohort, to: Cohort): number {
  let shared = 0;
  for (const [fromStart, fromEnd] of spans(from)) {
    for (const [toStart, toEnd] of spans(to)) {
      shared += Math.max(0, Math.min(fromEnd, toEnd) - Math.max(fromStart, toStart));
    }
  }
  return shared;
}

/** v2's arc on the circle of points as one or two half-open spans of the line. */
function spans({ weightPpm, offset }: Cohort): [number, number][] {
  const end = offset + weightPpm;
  if (end <= POINTS) return [[offset, end]];
  return [
    [offset, POINTS],
    [0, end - POINTS],
  ];
}

function sentenceOf(kind: Preview["kind"], toV2: number, toV1: number): string {
  if (kind === "same") return "Nobody moves.";
  const shares = `${percent(toV2)} from v1 to v2 and ${percent(toV1)} from v2 to v1`;
  if (kind === "reshuffled") return `Everything is reshuffled: expect ${shares}.`;
  return `${toV2 + toV1} of 1,000,000 points move: ${shares}.`;
}

function percent(points: number): string {
  return `${Number((points / 10_000).toFixed(4))} %`;
}
