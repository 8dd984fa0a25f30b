import type { ReleaseState } from "./state.ts";
import { ALWAYS_OPEN, isOpen, nextOpen, type WeekWindows } from "./week-windows.ts";

/** One step of a plan: the weight, and how long it has to hold before the next. */
export interface PlanStep {
  readonly weightPpm: number;
  readonly holdMs: number;
}

/** How a release is to go. From config; the state says where in it the release is. */
export interface ReleasePlan {
  readonly steps: readonly PlanStep[];
  readonly advance: "manual" | "auto";
  /** What a harmful verdict leads to: an abort, a freeze with an alarm, or the alarm alone. */
  readonly rollback: "auto" | "advise" | "off";
  /** After each change of weight, how long slowness and limits are not judged: v2's caches are cold. Errors always are. */
  readonly warmupMs: number;
  /**
   * What a step needs to be left by itself. `safe`: evidence that v2 is no worse, so that no data means no advance.
   * `not-suspect`: time alone, for services with too few users for evidence.
   */
  readonly advanceNeeds: "safe" | "not-suspect";
  readonly windows: WeekWindows;
}

const WEEK_MS = 7 * 86_400_000;

/** Four weeks: 10, 50, 90, 100 %, each held a week. */
export const DEFAULT_PLAN: ReleasePlan = Object.freeze({
  steps: Object.freeze(
    [100_000, 500_000, 900_000, 1_000_000].map((weightPpm) => ({ weightPpm, holdMs: WEEK_MS })),
  ),
  advance: "manual",
  rollback: "auto",
  warmupMs: 60_000,
  advanceNeeds: "safe",
  windows: ALWAYS_OPEN,
});

/** The two clocks, as the caller reads them. */
export interface Now {
  /** Wall clock, ms since 1970 UTC: for times that people read and for the windows of the week, never for durations. */
  readonly wallMs: number;
  /** How long the present step has held, measured on the monotonic clock and carried over restarts by the log. */
  readonly heldMs: number;
}

/** Where the plan goes next. */
export type NextChange =
  | {
      readonly kind: "advance";
      readonly step: number;
      readonly weightPpm: number;
      /** Earliest wall clock in ms at which hold and windows allow it. */
      readonly atMs: number;
      /** Serin does it by itself, if the verdict allows. Never from 0 %: that is how operators keep everybody on v1. */
      readonly automatic: boolean;
    }
  /** The last step has been reached; what is left is to call the release done. */
  | { readonly kind: "promote"; readonly atMs: number; readonly automatic: boolean }
  | { readonly kind: "none"; readonly why: string };

/** Every problem of a plan, in words; none means it can be run. */
export function planProblems(plan: ReleasePlan): string[] {
  const problems: string[] = [];
  if (plan.steps.length === 0) problems.push("steps: at least one step is needed");
  let before = 0;
  for (const [index, step] of plan.steps.entries()) {
    if (!(step.weightPpm > before && step.weightPpm <= 1_000_000)) {
      problems.push(`steps[${index}].weight: must be more than the step before and at most 100 %`);
    }
    if (!(step.holdMs >= 0)) problems.push(`steps[${index}].hold: must not be negative`);
    before = step.weightPpm;
  }
  if (!(plan.warmupMs >= 0)) problems.push("warmup: must not be negative");
  return problems;
}

/** The step that the plan would take next, by weight: the first that is above the weight set. `null` at its end. */
export function nextStep(state: ReleaseState, plan: ReleasePlan): { index: number; step: PlanStep } | null {
  const index = plan.steps.findIndex((step) => step.weightPpm > state.weightPpm);
  const step = plan.steps[index];
  return step === undefined ? null : { index, step };
}

/** The plan's step with exactly this weight, or -1. */
export function stepOfWeight(plan: ReleasePlan, weightPpm: number): number {
  return plan.steps.findIndex((step) => step.weightPpm === weightPpm);
}

/** True while the present weight is too fresh to judge slowness and limits by. */
export function isWarmingUp(plan: ReleasePlan, sinceChangeMs: number): boolean {
  return sinceChangeMs < plan.warmupMs;
}

/** How long the present step still has to hold, in ms. A weight that is no step of the plan holds nothing back. */
function remainingHoldMs(state: ReleaseState, plan: ReleasePlan, now: Now): number {
  const holdMs = plan.steps[state.step]?.holdMs ?? 0;
  return Math.max(0, holdMs - now.heldMs, plan.warmupMs - now.heldMs);
}

/** The next change of the plan and when, for `status` and for deciding. */
export function nextChange(state: ReleaseState, plan: ReleasePlan, now: Now): NextChange {
  if (state.releaseId === "") return { kind: "none", why: "no release has started" };
  if (state.aborted !== null) return { kind: "none", why: "the release is aborted; resume it first" };
  if (state.frozen !== null) return { kind: "none", why: "the release is frozen; resume it first" };
  if (state.promoted !== null) return { kind: "none", why: "the release is promoted" };
  const next = nextStep(state, plan);
  if (next === null && state.weightPpm < 1_000_000) {
    return { kind: "none", why: "the plan has reached its end below 100 %" };
  }
  const atMs = nextOpen(plan.windows, now.wallMs + remainingHoldMs(state, plan, now));
  if (atMs === null) return { kind: "none", why: "no window of the week allows advancing" };
  const automatic = plan.advance === "auto" && state.weightPpm > 0;
  if (next === null) return { kind: "promote", atMs, automatic };
  return {
    kind: "advance",
    step: next.index,
    weightPpm: next.step.weightPpm,
    atMs,
    automatic,
  };
}

/** True when hold, warm-up and the windows of the week allow the next step now. */
export function mayAdvance(state: ReleaseState, plan: ReleasePlan, now: Now): boolean {
  return remainingHoldMs(state, plan, now) === 0 && isOpen(plan.windows, now.wallMs);
}
