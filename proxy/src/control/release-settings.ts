import { weightOf } from "../config/compile.ts";
import type { Config } from "../config/config.ts";
import { parseStep, parseWindow } from "../config/release-text.ts";
import { sha256Hex } from "../config/canonical.ts";
import { DEFAULT_JUDGE } from "../release/judge.ts";
import type { ConfiguredRelease, PilotSettings } from "../release/pilot-ports.ts";

/** What of the config the pilot goes by. */
export function compilePilotSettings({ release }: Config): PilotSettings {
  return {
    plan: {
      steps: release.steps.flatMap((step) => parseStep(step) ?? []),
      advance: release.advance,
      advanceNeeds: release.advanceNeeds,
      rollback: release.rollback,
      warmupMs: release.warmupMs,
      windows: {
        timeZone: release.timeZone,
        windows: release.windows.flatMap((window) => parseWindow(window) ?? []),
      },
    },
    judge: {
      ...DEFAULT_JUDGE,
      metrics: ["errors", "slow"],
      limits: {
        maxErrorRateExcess: release.maxErrorRateExcess / 100,
        maxP99Ms: release.maxP99Ms,
        minRequests: release.limitMinRequests,
      },
      harmBudget: release.harmBudget === 0 ? null : release.harmBudget,
    },
  };
}

/** What of the config a release is about. */
export function compileRelease(config: Config): ConfiguredRelease {
  const { salt, offset, killSwitch } = config.split;
  return {
    releaseId: config.release.id,
    cohort: sha256Hex(`${salt}\0${offset}`).slice(0, 16),
    weightPpm: weightOf(config),
    killSwitch,
  };
}
