import type { Assessment, JudgeSettings } from "./judge.ts";
import type { ReleaseState } from "./state.ts";

/** A client that causes at least this share of all failures is pointed out. */
const NOTEWORTHY_SHARE = 0.5;

/** The verdict in one sentence: what was counted, how strong the evidence is, what is still missing. */
export function sentenceOf(
  counted: Omit<Assessment, "sentence">,
  state: ReleaseState,
  settings: JudgeSettings,
  detail: string | null,
): string {
  const parts = [`${counted.verdict}: ${detail ?? countedFailures(state, settings)}`];
  if (detail === null)
    parts.push(`evidence of harm 10^${counted.log10Evidence.toFixed(1)}${outlook(counted)}`);
  if (counted.topIdentityShare !== null && counted.topIdentityShare >= NOTEWORTHY_SHARE) {
    parts.push(`one identity causes ${Math.round(counted.topIdentityShare * 100)} % of the failed requests`);
  }
  if (counted.capped) parts.push("no more identities can be kept, so that new ones do not count");
  return `${parts.join("; ")}.`;
}

function countedFailures(state: ReleaseState, settings: JudgeSettings): string {
  const counts = settings.metrics.flatMap((metric) => {
    const { canary, control, expectedCanary } = state.evidence[metric];
    const events = canary + control;
    if (events === 0) return [];
    const what = metric === "errors" ? "failing" : "slow";
    return [
      `${canary} of ${events} ${what} identities were v2's where ${expectedCanary.toFixed(1)} were to be expected`,
    ];
  });
  return counts.length === 0 ? "no identity has failed yet" : counts.join(", ");
}

function outlook({ verdict, moreFailingIdentitiesNeeded: more }: Omit<Assessment, "sentence">): string {
  if (verdict === "harmful" || verdict === "safe") return "";
  if (more === null) return ", not growing";
  return `, about ${more} more failing ${more === 1 ? "identity" : "identities"} at this rate until harmful`;
}
