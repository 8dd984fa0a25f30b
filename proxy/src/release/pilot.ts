import { createBreaker, DEFAULT_BREAKER } from "./breaker.ts";
import { decideAction, type Action } from "./decide-action.ts";
import { formatTime, type DecisionEvent, type ReleaseEvent } from "./events.ts";
import { coinOf, type Failure } from "./evidence.ts";
import { handleCommand, refuseUnwritable } from "./handle-command.ts";
import { isIdentityHash, listIdentities, type IdentityHash } from "./identity-map.ts";
import { assess, type Assessment } from "./judge.ts";
import type { AppendResult } from "./log.ts";
import type { Pilot, PilotOptions, Sample, SplitInForce } from "./pilot-ports.ts";
import { isWarmingUp, nextChange, stepOfWeight, type Now } from "./plan.ts";
import { weightInForce } from "./state.ts";
import { createTopFailing } from "./top-failing.ts";
import { createTraffic } from "./traffic.ts";

const SERIN = "serin";
const WRITTEN: AppendResult = Object.freeze({ durable: true });

/** The loop around the pure release: takes what happens, writes it to the log, judges, and acts through its ports. */
export function createPilot(options: PilotOptions): Pilot {
  const { log, ports, windowMs = 30_000, writeHoldEveryMs = 60_000 } = options;
  const breaker = createBreaker(options.breaker ?? DEFAULT_BREAKER);
  const traffic = createTraffic(windowMs);
  const topFailing = createTopFailing();
  let { settings } = options;
  let healthy: Sample["healthy"] = { v1: true, v2: true };
  let killSwitch = false;
  let canaryIdentities: number | null = null;
  let heldMs = log.state().heldMs;
  let lastTickMs = ports.monotonicMs();
  /** When the weight in force last changed; a process that has just started is cold too. */
  let changedMs = lastTickMs;
  let applied: SplitInForce | null = null;
  let alarmed = false;

  function now(): Now {
    return { wallMs: ports.wallMs(), heldMs };
  }

  function warmingUp(): boolean {
    return isWarmingUp(settings.plan, ports.monotonicMs() - changedMs);
  }

  function judge(): Assessment {
    return assess(log.state(), settings.judge, {
      windows: traffic.windows(),
      breaker: breaker.read(ports.monotonicMs(), healthy.v1),
      canaryIdentities,
      topIdentityShare: topFailing.topShare(),
    });
  }

  function stamp(who: string, why: string) {
    const { releaseId, version } = log.state();
    return { time: formatTime(ports.wallMs()), releaseId, version, who, why };
  }

  /** Logs, applies and tells. An abort is applied at once; what gives v2 more waits for the disk. */
  async function decide(event: DecisionEvent, assessment: Assessment): Promise<AppendResult> {
    advanceHold();
    const before = weightInForce(log.state());
    const held: ReleaseEvent = { ...stamp(SERIN, ""), type: "held", heldMs };
    const writing = append(log.state().releaseId === "" ? [event] : [held, event]);
    ({ heldMs } = log.state());
    breaker.clear();
    traffic.clear();
    if (event.type === "release-started" || event.type === "resumed") topFailing.clear();
    const after = weightInForce(log.state());
    if (after !== before) changedMs = ports.monotonicMs();
    ports.onDecision(event, assessment);
    if (after > before) await writing;
    const [written] = await Promise.all([writing, applySplit()]);
    return written;
  }

  async function append(events: readonly ReleaseEvent[]): Promise<AppendResult> {
    const result = await log.append(events);
    if (!result.durable) ports.onAlarm({ kind: "log", text: result.alarm });
    return result;
  }

  /** Tells the workers when something changed for them; `always` for a first time. */
  async function applySplit(always = false): Promise<void> {
    const split = splitInForce();
    const same = split.weightPpm === applied?.weightPpm && split.aborted === applied.aborted;
    applied = split;
    if (always || !same) await ports.applySplit(split);
  }

  function splitInForce(): SplitInForce {
    return { weightPpm: weightInForce(log.state()), aborted: log.state().aborted !== null };
  }

  function act(): void {
    const assessment = judge();
    const action = decideAction(log.state(), settings.plan, assessment, now());
    alarm(assessment, action);
    const event = eventOf(action, stamp(SERIN, ""));
    if (event === null) return;
    const raises = event.type === "advanced" || event.type === "promoted";
    // The plan gives v2 nothing while it is down or switched off, nor what cannot be written.
    if (raises && (killSwitch || !healthy.v2 || !log.isHealthy())) return;
    run(decide(event, assessment));
  }

  /** Says once that v2 is harmful when it is not Serin's to abort. */
  function alarm(assessment: Assessment, action: Action): void {
    const unheeded =
      assessment.verdict === "harmful" && action.type !== "abort" && log.state().aborted === null;
    if (unheeded && !alarmed) ports.onAlarm({ kind: "verdict", text: assessment.sentence });
    alarmed = unheeded;
  }

  /** A port that fails must not end the control plane, nor go unseen. */
  function run(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      ports.onAlarm({ kind: "apply", text: `a decision was not carried out: ${String(error)}` });
    });
  }

  function advanceHold(): void {
    const monotonicMs = ports.monotonicMs();
    const { releaseId, aborted, frozen } = log.state();
    const stands = releaseId === "" || aborted !== null || frozen !== null || killSwitch;
    if (!stands) heldMs += Math.max(0, monotonicMs - lastTickMs);
    lastTickMs = monotonicMs;
  }

  function writeHold(): Promise<AppendResult> {
    return append([{ ...stamp(SERIN, ""), type: "held", heldMs }]);
  }

  return {
    async configure(next, release, who) {
      advanceHold();
      settings = next;
      ({ killSwitch } = release);
      const { releaseId, cohort, configWeightPpm } = log.state();
      const step = stepOfWeight(next.plan, release.weightPpm);
      const { weightPpm } = release;
      const base = {
        ...stamp(who, "config"),
        releaseId: release.releaseId,
        version: log.state().version + 1,
      };
      if (release.releaseId !== releaseId || release.cohort !== cohort) {
        const why = release.releaseId === releaseId ? "salt or offset changed" : "a new release.id";
        return decide(
          { ...base, why, type: "release-started", cohort: release.cohort, step, weightPpm },
          judge(),
        );
      }
      if (weightPpm !== configWeightPpm)
        return decide({ ...base, type: "weight-applied", step, weightPpm }, judge());
      await applySplit(true);
      return append([]);
    },
    onFailure(failure) {
      const { releaseId, evidence } = log.state();
      const identity = parseHash(failure.identity);
      if (failure.releaseId !== releaseId || identity === null) return;
      topFailing.add(identity, failure.count ?? 1);
      const { metric, assignment, kind } = failure;
      if (metric === "errors" && assignment === "v2") breaker.failed(identity, ports.monotonicMs());
      if (metric === "slow" && warmingUp()) return;
      const counted: Failure = {
        identity,
        assignment,
        weightPpm: failure.weightPpm ?? weightInForce(log.state()),
      };
      if (coinOf(evidence[metric], counted) === null) return;
      run(append([{ ...stamp(SERIN, ""), ...counted, type: "failure", metric, kind }]));
      act();
    },
    tick(sample) {
      const monotonicMs = ports.monotonicMs();
      advanceHold();
      ({ healthy, canaryIdentities } = sample);
      const added = traffic.added(sample.counters);
      for (const version of ["v1", "v2"] as const) {
        breaker.count(version, added[version].requests, added[version].failures, monotonicMs);
      }
      if (!warmingUp()) traffic.collect(added, monotonicMs);
      act();
      if (heldMs - log.state().heldMs >= writeHoldEveryMs) run(writeHold());
    },
    async command(command) {
      // A weight that is raised but not written would fall back at the next start; an empty append tries the disk again.
      const unwritable = log.isHealthy() ? null : await append([]);
      const refusal =
        unwritable?.durable === false ? refuseUnwritable(log.state(), command, unwritable.alarm) : null;
      const outcome = refusal ?? handleCommand(log.state(), settings.plan, command, ports.wallMs());
      if (!outcome.ok) return { ...outcome, written: WRITTEN };
      const [event] = outcome.events;
      // With nothing to do, what makes it so already may still be on its way to the disk.
      const written = event === undefined ? await append([]) : await decide(event, judge());
      return { ...outcome, written };
    },
    quarantine(identities, untilMs) {
      const until = formatTime(untilMs);
      const base = stamp(SERIN, "rescued");
      const hashes = identities.map(parseHash).filter((hash) => hash !== null);
      run(append(hashes.map((identity) => ({ ...base, type: "quarantined", identity, until }))));
    },
    quarantined() {
      const wallMs = ports.wallMs();
      return listIdentities(log.state().quarantine)
        .filter(([, untilMs]) => untilMs > wallMs)
        .map(([identity, untilMs]) => ({ identity, untilMs }));
    },
    status: () => ({
      state: log.state(),
      split: splitInForce(),
      assessment: judge(),
      heldMs,
      warmingUp: warmingUp(),
      next: nextChange(log.state(), settings.plan, now()),
      logHealthy: log.isHealthy(),
    }),
    async stop() {
      advanceHold();
      if (log.state().releaseId !== "") await writeHold();
      return log.close();
    },
  };
}

/** Hashes may come without leading zeros; anything else is not one. */
function parseHash(text: string): IdentityHash | null {
  const hash = text.padStart(16, "0");
  return isIdentityHash(hash) ? hash : null;
}

type Stamp = Pick<ReleaseEvent, "time" | "releaseId" | "version" | "who" | "why">;

function eventOf(action: Action, stamp: Stamp): DecisionEvent | null {
  if (action.type === "none") return null;
  const base = { ...stamp, version: stamp.version + 1, why: action.why };
  switch (action.type) {
    case "abort":
      return { ...base, type: "aborted", cause: action.cause };
    case "freeze":
      return { ...base, type: "frozen", cause: action.cause };
    case "advance":
      return { ...base, type: "advanced", step: action.step, weightPpm: action.weightPpm };
    case "promote":
      return { ...base, type: "promoted", step: action.step };
    default:
      return action satisfies never;
  }
}
