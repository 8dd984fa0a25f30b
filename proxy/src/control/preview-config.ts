import { findRestartProblems, listChanges } from "../config/changes.ts";
import type { Config } from "../config/config.ts";
import { loadConfigText } from "../config/load.ts";
import type { Environment, ShadowedLeaf } from "../config/load.ts";
import { formatPercentage } from "../config/percentage.ts";
import type { Problem } from "../config/problem.ts";
import type { SplitSettings } from "../config/snapshot.ts";
import { previewChange } from "../release/preview.ts";
import type { Cohort, Preview, SeenIdentity } from "../release/preview.ts";
import type { ReleaseState } from "../release/state.ts";
import { POINTS } from "../split/point.ts";
import { compileRelease } from "./release-settings.ts";

/** What a preview looks at: what is in force now, and whom it would meet. */
export interface PreviewWorld {
  readonly env: Environment;
  readonly config: () => Config;
  readonly split: () => SplitSettings;
  readonly release: () => ReleaseState;
  readonly seen: (oldSalt: string, newSalt: string) => Promise<readonly SeenIdentity[]>;
}

export type PreviewResult =
  | {
      readonly ok: true;
      readonly preview: Preview;
      readonly from: Cohort;
      readonly to: Cohort;
      /** Identities seen lately, by whom the preview's counts are made. */
      readonly seen: number;
      /** What else there is to know: sentences. */
      readonly notes: readonly string[];
      readonly shadowed: readonly ShadowedLeaf[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * What a reload of this text would do to the split in force, without doing it: the same checks, the same environment, and the
 * release's say (a plan that has moved on stays where it is when the text's percentage is the old one, an abort holds).
 */
export async function previewConfig(world: PreviewWorld, text: string): Promise<PreviewResult> {
  const loaded = loadConfigText(text, world.env);
  if (!loaded.ok) return loaded;
  const problems = findRestartProblems(listChanges(world.config(), loaded.config));
  if (problems.length > 0) return { ok: false, problems };
  const split = world.split();
  const state = world.release();
  const stopped = split.killSwitch || split.aborted;
  const from = { weightPpm: stopped ? 0 : split.weightPpm, salt: split.salt, offset: split.offset };
  const { to, notes } = foresee(loaded.config, state);
  const seen = await world.seen(from.salt, to.salt);
  return {
    ok: true,
    preview: previewChange(from, to, seen),
    from,
    to,
    seen: seen.length,
    notes: [...nameCohortChanges(from, to, state.releaseId !== loaded.config.release.id), ...notes],
    shadowed: loaded.shadowed,
  };
}

/** The split after a reload, as the pilot would decide it. */
function foresee(config: Config, state: ReleaseState): { readonly to: Cohort; readonly notes: string[] } {
  const { releaseId, cohort, weightPpm: wanted, killSwitch } = compileRelease(config);
  const notes: string[] = [];
  const sameRelease = releaseId === state.releaseId;
  const planStands = sameRelease && cohort === state.cohort && wanted === state.configWeightPpm;
  let weightPpm = planStands ? state.weightPpm : wanted;
  if (weightPpm !== wanted) {
    notes.push(
      `The text says ${formatPercentage(wanted)} % as before, so the ${formatPercentage(weightPpm)} % that the release ` +
        "has come to stay in force; serin set changes them.",
    );
  }
  if (killSwitch) {
    notes.push("The kill switch is on: everybody is on v1 whatever the percentage.");
    weightPpm = 0;
  } else if (sameRelease && state.aborted !== null) {
    notes.push("The release is aborted: everybody stays on v1 until serin resume.");
    weightPpm = 0;
  }
  return { to: { weightPpm, salt: config.split.salt, offset: config.split.offset }, notes };
}

/** Changes that are more than another percentage, each named as what it is. */
function nameCohortChanges(from: Cohort, to: Cohort, newRelease: boolean): string[] {
  const notes: string[] = [];
  if (from.salt !== to.salt) {
    notes.push("split.salt changes: all users are dealt anew, as if none had ever been on v2.");
  }
  if (from.offset !== to.offset) {
    const points = (to.offset - from.offset + POINTS) % POINTS;
    notes.push(
      `split.offset changes by ${points} points: the cohort is rotated, so that other users are on v2 at the same percentage.`,
    );
  }
  if (newRelease) notes.push("release.id changes: a new release begins, its evidence starts from nothing.");
  else if (notes.length > 0) notes.push("Evidence gathered so far is void: it was about another cohort.");
  return notes;
}
