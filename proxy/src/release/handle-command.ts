import { formatTime, type DecisionEvent } from "./events.ts";
import { nextStep, stepOfWeight, type ReleasePlan } from "./plan.ts";
import { weightInForce, type ReleaseState } from "./state.ts";
import { isOpen } from "./week-windows.ts";

interface CommandBase {
  readonly who: string;
  readonly why: string;
  /** The version the operator saw (`If-Match`), or `null` to command whatever the state is. */
  readonly ifMatch: number | null;
}

/** What an operator may ask of a release. */
export type Command =
  | (CommandBase & { readonly type: "abort" | "resume" | "freeze" | "promote" })
  /** `force` goes past the windows of the week. */
  | (CommandBase & { readonly type: "advance"; readonly force: boolean })
  /** Any weight, up or down, whatever the plan says. */
  | (CommandBase & { readonly type: "set-weight"; readonly weightPpm: number });

/** Decides nothing to refuse and nothing to do with HTTP: 412 for `stale`, 409 for `conflict`. */
export type CommandOutcome =
  /** One event, or none when it is so already: commands are idempotent. */
  | { readonly ok: true; readonly events: readonly DecisionEvent[]; readonly sentence: string }
  | {
      readonly ok: false;
      readonly refused: "stale" | "conflict";
      readonly reason: string;
      readonly currentState: ReleaseState;
      readonly whatToDo: string;
    };

/** What `command` does to the release now. Pure: the events are to be logged and applied by the caller. */
export function handleCommand(
  state: ReleaseState,
  plan: ReleasePlan,
  command: Command,
  wallMs: number,
): CommandOutcome {
  if (state.releaseId === "") {
    return conflict(state, "no release has started", "Load a config with release.id, then try again.");
  }
  const done = alreadySo(state, command);
  if (done !== null) return { ok: true, events: [], sentence: done };
  if (command.ifMatch !== null && command.ifMatch !== state.version) {
    return {
      ok: false,
      refused: "stale",
      reason: `the release is at version ${state.version}, the command was made for version ${command.ifMatch}`,
      currentState: state,
      whatToDo: `Look at the current state; if the command still holds, repeat it with If-Match: ${state.version}.`,
    };
  }
  return obey(state, plan, command, wallMs);
}

/**
 * Why a command that gives v2 more is refused while the log cannot be written, or `null` for the others: an abort or a freeze
 * takes effect whatever the disk does, while a weight that is raised but not written would fall back at the next start.
 */
export function refuseUnwritable(
  state: ReleaseState,
  command: Command,
  alarm: string,
): CommandOutcome | null {
  if (command.type === "abort" || command.type === "freeze") return null;
  if (command.type === "set-weight" && command.weightPpm <= state.weightPpm) return null;
  return conflict(state, alarm, "Make the log writable (space, permissions), then try again.");
}

/** That the command has nothing left to do, in words, or `null`. `advance` is never done: it is about the next step. */
function alreadySo(state: ReleaseState, command: Command): string | null {
  const { type } = command;
  if (
    type === "set-weight" &&
    command.weightPpm === state.weightPpm &&
    command.weightPpm === state.configWeightPpm
  ) {
    return `already at ${percent(command.weightPpm)}`;
  }
  if (type === "abort" && state.aborted !== null) return `already aborted by ${state.aborted.who}`;
  if (type === "freeze" && state.frozen !== null) return `already frozen by ${state.frozen.who}`;
  if (type === "promote" && state.promoted !== null) return `already promoted by ${state.promoted.who}`;
  if (type === "resume" && state.aborted === null && state.frozen === null) return "already running";
  return null;
}

function obey(state: ReleaseState, plan: ReleasePlan, command: Command, wallMs: number): CommandOutcome {
  const base = {
    time: formatTime(wallMs),
    releaseId: state.releaseId,
    version: state.version + 1,
    who: command.who,
    why: command.why,
  };
  switch (command.type) {
    case "abort":
      return done({ ...base, type: "aborted", cause: "operator" }, "aborted: all users are on v1");
    case "freeze":
      return done({ ...base, type: "frozen", cause: "operator" }, "frozen: the plan stands still");
    case "resume":
      return state.aborted === null
        ? done({ ...base, type: "unfrozen" }, "resumed: the plan goes on")
        : done(
            { ...base, type: "resumed" },
            `resumed: ${percent(state.weightPpm)} on v2, evidence starts anew`,
          );
    case "promote":
      return (
        whileStopped(state) ??
        done({ ...base, type: "promoted", step: plan.steps.length - 1 }, "promoted: all users are on v2")
      );
    case "set-weight": {
      const { weightPpm } = command;
      if (!Number.isInteger(weightPpm) || weightPpm < 0 || weightPpm > 1_000_000) {
        return conflict(
          state,
          `${percent(weightPpm)} is no weight`,
          "Give 0 to 100 %, with at most 4 decimals.",
        );
      }
      const step = stepOfWeight(plan, weightPpm);
      const sentence = `set to ${percent(weightPpm)}${state.aborted === null ? "" : ", in force once the release is resumed"}`;
      return done({ ...base, type: "weight-applied", step, weightPpm }, sentence);
    }
    case "advance":
      return advance(state, plan, command.force, wallMs, base);
    default:
      return command satisfies never;
  }
}

function advance(
  state: ReleaseState,
  plan: ReleasePlan,
  force: boolean,
  wallMs: number,
  base: Pick<DecisionEvent, "time" | "releaseId" | "version" | "who" | "why">,
): CommandOutcome {
  const stopped = whileStopped(state);
  if (stopped !== null) return stopped;
  const next = nextStep(state, plan);
  if (next === null) {
    return conflict(
      state,
      `the plan has no step above ${percent(weightInForce(state))}`,
      "Use promote to end the release, or add steps to release.steps.",
    );
  }
  if (!force && !isOpen(plan.windows, wallMs)) {
    return conflict(
      state,
      `no window of the week (${plan.windows.timeZone}) allows advancing now`,
      "Wait for the next window (see status), or repeat with --force.",
    );
  }
  const { weightPpm } = next.step;
  return done(
    { ...base, type: "advanced", step: next.index, weightPpm },
    `advanced to ${percent(weightPpm)}`,
  );
}

function whileStopped(state: ReleaseState): CommandOutcome | null {
  const latch = state.aborted ?? state.frozen;
  if (latch === null) return null;
  const word = state.aborted === null ? "frozen" : "aborted";
  return conflict(
    state,
    `the release was ${word} by ${latch.who} at ${latch.time}: ${latch.why}`,
    "Resume it first, when the cause is gone.",
  );
}

function done(event: DecisionEvent, sentence: string): CommandOutcome {
  return { ok: true, events: [event], sentence };
}

function conflict(state: ReleaseState, reason: string, whatToDo: string): CommandOutcome {
  return { ok: false, refused: "conflict", reason, currentState: state, whatToDo };
}

function percent(weightPpm: number): string {
  return `${weightPpm / 10_000} %`;
}
