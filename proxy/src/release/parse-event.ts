import { METRICS } from "./evidence.ts";
import type { EventType, ReleaseEvent } from "./events.ts";
import { isIdentityHash } from "./identity-map.ts";

/** What a field must be, and whether a value is. */
interface FieldRule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

type FieldsOf<T extends EventType> = Exclude<keyof Extract<ReleaseEvent, { type: T }>, "type">;

const TEXT: FieldRule = { expected: "a string", accepts: (value) => typeof value === "string" };
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const TIME: FieldRule = {
  expected: "an RFC 3339 time",
  accepts: (value) => typeof value === "string" && RFC_3339.test(value) && Number.isFinite(Date.parse(value)),
};
const IDENTITY: FieldRule = { expected: "16 lower-case hex digits", accepts: isIdentityHash };
const HELD: FieldRule = {
  expected: "a number of milliseconds, at least 0",
  accepts: (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
};
const WEIGHT = integer(0, 1_000_000);
const STEP = integer(-1, 1_000);
const CAUSE = oneOf(["operator", "evidence", "limit", "harm-budget", "breaker"]);

const BASE = {
  time: TIME,
  releaseId: TEXT,
  version: integer(0, Number.MAX_SAFE_INTEGER),
  who: TEXT,
  why: TEXT,
};

/** One rule for every field of every event; the type makes a forgotten field an error of compilation. */
const RULES: { readonly [T in EventType]: Readonly<Record<FieldsOf<T>, FieldRule>> } = {
  "release-started": { ...BASE, cohort: TEXT, step: STEP, weightPpm: WEIGHT },
  "weight-applied": { ...BASE, step: STEP, weightPpm: WEIGHT },
  advanced: { ...BASE, step: STEP, weightPpm: WEIGHT },
  promoted: { ...BASE, step: STEP },
  failure: {
    ...BASE,
    metric: oneOf(METRICS),
    identity: IDENTITY,
    assignment: oneOf(["v1", "v2"]),
    weightPpm: WEIGHT,
    kind: TEXT,
  },
  held: { ...BASE, heldMs: HELD },
  quarantined: { ...BASE, identity: IDENTITY, until: TIME },
  frozen: { ...BASE, cause: CAUSE },
  unfrozen: BASE,
  aborted: { ...BASE, cause: CAUSE },
  resumed: BASE,
};

export type ParsedEvent =
  | { readonly ok: true; readonly event: ReleaseEvent }
  | { readonly ok: false; readonly problem: string };

/**
 * Turns a value read from outside (a line of the log after `JSON.parse`) into an event. A missing or wrong field, or an
 * unknown type, is a problem that says what was expected; fields that the event does not have are let be.
 */
export function parseEvent(value: unknown): ParsedEvent {
  return isReleaseEvent(value)
    ? { ok: true, event: value }
    : { ok: false, problem: eventProblem(value) ?? "not an event" };
}

function isReleaseEvent(value: unknown): value is ReleaseEvent {
  return eventProblem(value) === null;
}

function eventProblem(value: unknown): string | null {
  if (!isRecord(value)) return "an event must be an object";
  const type = value["type"];
  if (!isEventType(type)) return `unknown event type ${JSON.stringify(type)}`;
  for (const [name, rule] of Object.entries<FieldRule>(RULES[type])) {
    if (rule.accepts(value[name])) continue;
    return `${type}.${name} must be ${rule.expected}, not ${JSON.stringify(value[name])}`;
  }
  return null;
}

/** True for a plain JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEventType(value: unknown): value is EventType {
  return typeof value === "string" && Object.hasOwn(RULES, value);
}

function integer(min: number, max: number): FieldRule {
  return {
    expected: `an integer from ${min} to ${max}`,
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
  };
}

function oneOf(words: readonly string[]): FieldRule {
  return {
    expected: words.join(" | "),
    accepts: (value) => typeof value === "string" && words.includes(value),
  };
}
