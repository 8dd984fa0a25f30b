import type { BreakerSettings } from "./breaker.ts";
import type { DecisionEvent } from "./events.ts";
import type { Metric } from "./evidence.ts";
import type { Command, CommandOutcome } from "./handle-command.ts";
import type { IdentityHash } from "./identity-map.ts";
import type { Assessment, JudgeSettings } from "./judge.ts";
import type { AppendResult, ReleaseLog } from "./log.ts";
import type { NextChange, ReleasePlan } from "./plan.ts";
import type { ReleaseState } from "./state.ts";
import type { TrafficCounters } from "./traffic.ts";

/** What the pilot goes by; from config, and changeable at run time. */
export interface PilotSettings {
  readonly plan: ReleasePlan;
  readonly judge: JudgeSettings;
}

/** What the workers are to do. */
export interface SplitInForce {
  /** 0 while aborted. */
  readonly weightPpm: number;
  readonly aborted: boolean;
}

/**
 * Something that a person has to look at: `log`, the log cannot be written; `verdict`, v2 is harmful and it is not Serin's to
 * abort; `apply`, a decision did not reach the workers.
 */
export interface Alarm {
  readonly kind: "log" | "verdict" | "apply";
  readonly text: string;
}

/** The world around the pilot. */
export interface PilotPorts {
  /** Never goes back; all durations are measured by it. */
  readonly monotonicMs: () => number;
  /** Wall clock: for the times of events and the windows of the week. */
  readonly wallMs: () => number;
  /** Sends the split to all workers; resolves when they run it. Called for every change and at start, for an abort before it is on disk. */
  readonly applySplit: (split: SplitInForce) => Promise<void>;
  /** Every decision, once, in order, before it is on disk: for the webhook and the process log. Must not block. */
  readonly onDecision: (event: DecisionEvent, assessment: Assessment) => void;
  readonly onAlarm: (alarm: Alarm) => void;
}

export interface PilotOptions {
  readonly log: ReleaseLog;
  readonly settings: PilotSettings;
  readonly ports: PilotPorts;
  readonly breaker?: BreakerSettings;
  /** Length of the windows that the owner's limits look at. */
  readonly windowMs?: number;
  /** How often the hold is written to the log; a crash repeats at most this much of a step. */
  readonly writeHoldEveryMs?: number;
}

/** The part of a config that concerns the release. */
export interface ConfiguredRelease {
  readonly releaseId: string;
  /** Fingerprint of salt and offset. */
  readonly cohort: string;
  readonly weightPpm: number;
  /** Everybody is on v1 whatever the weight: the plan stands still meanwhile. */
  readonly killSwitch: boolean;
}

/** A failure as a worker saw it. */
export interface ReportedFailure {
  readonly releaseId: string;
  readonly identity: IdentityHash;
  readonly assignment: "v1" | "v2";
  readonly metric: Metric;
  readonly kind: string;
  /** The weight by which the worker decided; without it, the one in force now is taken. */
  readonly weightPpm?: number;
  /** Failures of this identity since it was last reported, 1 by default. */
  readonly count?: number;
}

/** What only the process itself can count. */
export interface Sample {
  readonly counters: TrafficCounters;
  /** What health checks say: nothing is moved onto a version that is down. */
  readonly healthy: Readonly<Record<"v1" | "v2", boolean>>;
  /** Distinct identities that v2 has served in this release, or `null`. */
  readonly canaryIdentities: number | null;
}

export type CommandResult = CommandOutcome & {
  /** That what was decided is on disk too, and the alarm if it is not. */
  readonly written: AppendResult;
};

export interface PilotStatus {
  readonly state: ReleaseState;
  readonly split: SplitInForce;
  readonly assessment: Assessment;
  readonly heldMs: number;
  readonly warmingUp: boolean;
  readonly next: NextChange;
  readonly logHealthy: boolean;
}

export interface Pilot {
  /** Brings the release in line with a config: at start, and whenever a config was loaded. */
  readonly configure: (
    settings: PilotSettings,
    release: ConfiguredRelease,
    who: string,
  ) => Promise<AppendResult>;
  readonly onFailure: (failure: ReportedFailure) => void;
  /** Looks at clocks and counters, judges and acts; to be called a few times a second. */
  readonly tick: (sample: Sample) => void;
  readonly command: (command: Command) => Promise<CommandResult>;
  /** Keeps these identities on v1 until then (wall clock). */
  readonly quarantine: (identities: readonly IdentityHash[], untilMs: number) => void;
  /** Identities in quarantine now, for a worker that has just started. */
  readonly quarantined: () => { readonly identity: IdentityHash; readonly untilMs: number }[];
  readonly status: () => PilotStatus;
  /** Writes how long the step has held and closes the log. */
  readonly stop: () => Promise<AppendResult>;
}
