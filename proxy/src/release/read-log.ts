import { parseState, serialiseState } from "./checkpoint.ts";
import { isDecision, type DecisionEvent, type ReleaseEvent } from "./events.ts";
import { isRecord, parseEvent } from "./parse-event.ts";
import { applyEvent, followsOn, INITIAL_STATE, type ReleaseState } from "./state.ts";

/**
 * The text of the release log: JSON lines, each an event, or, in a compacted log, first the state of that moment
 * (`checkpoint`) and then the decisions that led to it (`audit`), which are kept to be read and not folded again.
 */

/** What a log tells. */
export interface Recovered {
  readonly state: ReleaseState;
  /** Decisions, oldest first. */
  readonly history: readonly DecisionEvent[];
  /** Older decisions that compaction has let go of. */
  readonly droppedDecisions: number;
  /** Bytes that hold whole, valid lines; what follows them is a torn write. */
  readonly validBytes: number;
  /** That a torn last line was dropped, in words, or `null`. */
  readonly warning: string | null;
}

export type ReadLogResult =
  | ({ readonly ok: true } & Recovered)
  /** A line that is not the last cannot be read, or does not follow on those before. */
  | { readonly ok: false; readonly problem: string };

const NEWLINE = 0x0a;

/** The state that the bytes of a log give. Whatever a crash cut off the end, this is the state of some prefix of its events. */
export function readLog(bytes: Uint8Array): ReadLogResult {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const history: DecisionEvent[] = [];
  let state = INITIAL_STATE;
  let droppedDecisions = 0;
  let start = 0;
  for (let line = 1; start < bytes.length; line += 1) {
    const newline = bytes.indexOf(NEWLINE, start);
    const next = newline === -1 ? bytes.length : newline + 1;
    const parsed = newline === -1 ? null : parseLine(decoder, bytes.subarray(start, newline));
    if (parsed === null) {
      if (next < bytes.length) return { ok: false, problem: `line ${line} of the release log is not JSON` };
      const warning = `dropped a torn last line (${bytes.length - start} bytes) of the release log`;
      return { ok: true, state, history, droppedDecisions, validBytes: start, warning };
    }
    const entry = readEntry(parsed.value);
    if (!entry.ok) return { ok: false, problem: `line ${line} of the release log: ${entry.problem}` };
    if (entry.kind === "event") {
      const misfit = followsOn(state, entry.event);
      if (misfit !== null)
        return { ok: false, problem: `line ${line} of the release log does not follow: ${misfit}` };
      state = applyEvent(state, entry.event);
    }
    if (entry.kind === "checkpoint") ({ state, droppedDecisions } = entry);
    else if (isDecision(entry.event)) history.push(entry.event);
    start = next;
  }
  return { ok: true, state, history, droppedDecisions, validBytes: bytes.length, warning: null };
}

/** One event as a line of the log. */
export function formatEvent(event: ReleaseEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** A whole log that gives this state and keeps these decisions to be read. */
export function formatCompacted(
  state: ReleaseState,
  history: readonly DecisionEvent[],
  droppedDecisions: number,
): string {
  const checkpoint = JSON.stringify({ type: "checkpoint", droppedDecisions, state: serialiseState(state) });
  const audit = history.map((event) => `${JSON.stringify({ type: "audit", event })}\n`);
  return `${checkpoint}\n${audit.join("")}`;
}

type Entry =
  | { readonly ok: true; readonly kind: "event" | "audit"; readonly event: ReleaseEvent }
  | {
      readonly ok: true;
      readonly kind: "checkpoint";
      readonly state: ReleaseState;
      readonly droppedDecisions: number;
    }
  | { readonly ok: false; readonly problem: string };

function readEntry(value: unknown): Entry {
  if (isRecord(value) && value["type"] === "checkpoint") {
    const parsed = parseState(value["state"]);
    const dropped = value["droppedDecisions"];
    if (!parsed.ok) return parsed;
    if (typeof dropped !== "number")
      return { ok: false, problem: "checkpoint.droppedDecisions must be a number" };
    return { ok: true, kind: "checkpoint", state: parsed.state, droppedDecisions: dropped };
  }
  const isAudit = isRecord(value) && value["type"] === "audit";
  const parsed = parseEvent(isAudit ? value["event"] : value);
  return parsed.ok ? { ok: true, kind: isAudit ? "audit" : "event", event: parsed.event } : parsed;
}

/** The line's JSON value in a box (it may be `null`), or `null` when it has none. */
function parseLine(decoder: TextDecoder, line: Uint8Array): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(decoder.decode(line)) };
  } catch {
    return null;
  }
}
