import { describeState } from "../admin/release-endpoints.ts";
import { describeProblem } from "../config/problem.ts";
import type { Reloader } from "../config/reloader.ts";
import type { Snapshot } from "../config/snapshot.ts";
import { DEFAULT_JUDGE } from "../release/judge.ts";
import type { NextChange } from "../release/plan.ts";
import type { PilotStatus } from "../release/pilot-ports.ts";
import type { HealthMonitor } from "../upstream/health.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** The weight that requests really meet. */
export function effectiveWeightPpm(snapshot: Snapshot): number {
  const { killSwitch, aborted, weightPpm } = snapshot.split;
  return killSwitch || aborted ? 0 : weightPpm;
}

/** What `/status` answers. */
export function describeStatus(
  reloader: Reloader,
  pool: WorkerPool,
  health: HealthMonitor,
  release: PilotStatus,
): object {
  const status = reloader.status();
  const { split } = reloader.snapshot;
  return {
    generation: status.generation,
    hash: status.hash,
    contentHash: status.contentHash,
    configPath: status.configPath,
    weightPpm: split.weightPpm,
    percentage: release.state.weightPpm / 10_000,
    effectivePercentage: effectiveWeightPpm(reloader.snapshot) / 10_000,
    killSwitch: split.killSwitch,
    aborted: split.aborted,
    release: describeRelease(release),
    healthy: health.healthy,
    workers: pool.status(),
    reload: {
      ok: status.lastReload.ok,
      result: status.lastReload.result,
      reason: status.lastReload.reason,
      at: new Date(status.lastReload.atMs).toISOString(),
      problems: status.lastReload.problems.map((problem) => describeProblem(problem, status.configPath)),
    },
    pinned: status.pinned,
    shadowed: status.shadowed,
  };
}

/** The release as `/status` and the commands' answers show it. */
export function describeRelease(status: PilotStatus): object {
  const { state, assessment, heldMs, warmingUp, next, logHealthy } = status;
  return {
    ...describeState(state),
    heldSeconds: Math.floor(heldMs / 1000),
    warmingUp,
    next: describeNext(next),
    verdict: assessment.verdict,
    sentence: assessment.sentence,
    evidenceLog10: assessment.log10Evidence,
    evidenceLog10ByMetric: assessment.log10ByMetric,
    evidenceThresholdsLog10: {
      suspect: -Math.log10(DEFAULT_JUDGE.suspectAlpha),
      harmful: -Math.log10(DEFAULT_JUDGE.harmfulAlpha),
    },
    harmedIdentities: assessment.harmedIdentities,
    harmedByV2Only: assessment.harmedByV2Only,
    moreFailingIdentitiesNeeded: assessment.moreFailingIdentitiesNeeded,
    topIdentityShare: assessment.topIdentityShare,
    logHealthy,
  };
}

function describeNext(next: NextChange): object {
  if (next.kind === "none") return { kind: "none", why: next.why };
  const at = new Date(next.atMs).toISOString();
  if (next.kind === "promote") return { kind: "promote", at, automatic: next.automatic };
  return {
    kind: "advance",
    at,
    automatic: next.automatic,
    step: next.step,
    percentage: next.weightPpm / 10_000,
  };
}
