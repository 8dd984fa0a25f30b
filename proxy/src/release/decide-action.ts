import type { DecisionCause } from "./events.ts";
import type { Assessment } from "./judge.ts";
import { mayAdvance, nextChange, type Now, type ReleasePlan } from "./plan.ts";
import type { ReleaseState } from "./state.ts";

/** What the loop has to do by itself. */
export type Action =
  | { readonly type: "none" }
  | { readonly type: "abort"; readonly cause: DecisionCause; readonly why: string }
  | { readonly type: "freeze"; readonly cause: DecisionCause; readonly why: string }
  | { readonly type: "advance"; readonly step: number; readonly weightPpm: number; readonly why: string }
  | { readonly type: "promote"; readonly step: number; readonly why: string };

const NONE: Action = Object.freeze({ type: "none" });

/**
 * The action that state, plan and verdict call for now. Harm comes first: `harmful` aborts (or, when the plan only
 * advises, freezes), `suspect` freezes, unless an operator has lifted that freeze before. The plan goes on only when hold and
 * windows allow it and the verdict is what {@link ReleasePlan.advanceNeeds} asks for: no data moves nothing.
 */
export function decideAction(
  state: ReleaseState,
  plan: ReleasePlan,
  assessment: Assessment,
  now: Now,
): Action {
  if (state.releaseId === "" || state.aborted !== null) return NONE;
  const { verdict, sentence } = assessment;
  const cause = assessment.cause ?? "evidence";
  if (verdict === "harmful" && plan.rollback === "auto" && state.weightPpm > 0) {
    return { type: "abort", cause, why: sentence };
  }
  if (verdict === "harmful" || verdict === "suspect") {
    const acknowledged = verdict === "suspect" && state.suspectAcknowledged;
    if (plan.rollback === "off" || state.frozen !== null || acknowledged) return NONE;
    return { type: "freeze", cause, why: sentence };
  }
  return decideAdvance(state, plan, assessment, now);
}

function decideAdvance(state: ReleaseState, plan: ReleasePlan, assessment: Assessment, now: Now): Action {
  if (plan.advanceNeeds === "safe" && assessment.verdict !== "safe") return NONE;
  if (!mayAdvance(state, plan, now)) return NONE;
  const next = nextChange(state, plan, now);
  if (next.kind === "none" || !next.automatic) return NONE;
  const why = `the step has held for its time; ${assessment.sentence}`;
  if (next.kind === "promote") return { type: "promote", step: plan.steps.length - 1, why };
  return { type: "advance", step: next.step, weightPpm: next.weightPpm, why };
}
