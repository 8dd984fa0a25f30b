import { rename } from "node:fs/promises";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import type { SplitInForce } from "../config/compile.ts";
import type { FromWorker, ToWorker } from "../data/messages.ts";
import type { DecisionEvent } from "../release/events.ts";
import type { Command } from "../release/handle-command.ts";
import { openReleaseLog } from "../release/log.ts";
import type { ReleaseLog } from "../release/log.ts";
import { createPilot } from "../release/pilot.ts";
import type { CommandResult, Pilot, PilotStatus } from "../release/pilot-ports.ts";
import { createWebhook } from "../release/webhook.ts";
import type { Webhook } from "../release/webhook.ts";
import type { VersionTraffic } from "../telemetry/traffic-counters.ts";
import { compilePilotSettings, compileRelease } from "./release-settings.ts";

/** How often clocks and counters are looked at. */
const TICK_MS = 250;
/** Longest wait for the webhook when stopping. */
const WEBHOOK_CLOSE_MS = 2_000;

/** What the release needs of the process around it. */
export interface ReleaseWorld {
  readonly logger: Logger;
  /** Puts the split in force on all workers; settles when they run it. */
  readonly republish: () => Promise<void>;
  readonly send: (message: ToWorker) => void;
  readonly traffic: (maxP99Ms: number) => Readonly<Record<"v1" | "v2", VersionTraffic>>;
  /** v1's p99.9 bucket bound so far, in milliseconds; 0 when unknown. */
  readonly measuredSlowMs: () => number;
  readonly canaryIdentities: () => number;
  readonly healthy: () => Readonly<Record<"v1" | "v2", boolean>>;
}

/** The release of this process: the pilot, its log on disk, and the ways in and out. */
export class ReleaseControl {
  readonly #log: ReleaseLog;
  readonly #world: ReleaseWorld;
  readonly #pilot: Pilot;
  #config: Config;
  #webhook: Webhook | null = null;
  #webhookKey = "";
  #timer: NodeJS.Timeout | null = null;
  /** While a config is being decided on, the reload itself puts the split in force. */
  #deciding = false;
  /** There are workers, or will be, that must hear of a split; before, the first snapshot carries it. */
  #live = false;
  /** Fixed once per release: a threshold that follows v1 would excuse v1 growing slower. */
  #slow: { readonly releaseId: string; readonly ms: number } = { releaseId: "", ms: 0 };

  private constructor(log: ReleaseLog, config: Config, world: ReleaseWorld) {
    this.#log = log;
    this.#config = config;
    this.#world = world;
    this.#pilot = createPilot({
      log,
      settings: compilePilotSettings(config),
      ports: {
        monotonicMs: () => performance.now(),
        wallMs: () => Date.now(),
        applySplit: async ({ aborted }) => {
          // An abort never waits, not even for a reload that waits for a slow disk.
          if (this.#live && (!this.#deciding || aborted)) await world.republish();
        },
        onDecision: (event, assessment) => {
          world.logger.warn({ event }, `release ${event.type}: ${event.why}`);
          this.#webhook?.send({ event, verdict: assessment.verdict, sentence: assessment.sentence });
        },
        onAlarm: ({ kind, text }) => world.logger.error({ kind }, `alarm: ${text}`),
      },
    });
  }

  /**
   * Opens the log and brings the release in line with the config. A damaged log is put aside and the release aborted:
   * whether it was aborted before cannot be known, v1 is the safe side, and not starting at all would be an outage.
   *
   * @returns the problem, in words, when there is no writing a log at all
   */
  static async open(
    config: Config,
    world: ReleaseWorld,
  ): Promise<
    { readonly ok: true; readonly release: ReleaseControl } | { readonly ok: false; readonly problem: string }
  > {
    const path = config.release.logPath;
    const first = await openReleaseLog({ path });
    const damage = first.ok ? null : first.problem;
    const opened = first.ok || !(await putAside(path)) ? first : await openReleaseLog({ path });
    if (!opened.ok) return opened;
    if (opened.warning !== null) world.logger.warn(opened.warning);
    const release = new ReleaseControl(opened.log, config, world);
    await release.decide(config);
    if (damage !== null) {
      const why = `the release log was damaged and put aside (${damage}); resume when v2 is known to be well`;
      world.logger.error(`alarm: ${why}`);
      await release.command({ type: "abort", who: "serin", why, ifMatch: null });
    }
    release.#live = true;
    return { ok: true, release };
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Takes note of a config; what follows from it shows in {@link splitInForce} when this settles. */
  async decide(config: Config): Promise<void> {
    this.#config = config;
    this.#openWebhook();
    this.#deciding = true;
    try {
      await this.#pilot.configure(compilePilotSettings(config), compileRelease(config), "config");
    } finally {
      this.#deciding = false;
    }
  }

  get splitInForce(): SplitInForce {
    return this.#pilot.status().split;
  }

  status(): PilotStatus {
    return this.#pilot.status();
  }

  history(limit: number): readonly DecisionEvent[] {
    return this.#log.history(limit);
  }

  command(command: Command): Promise<CommandResult> {
    return this.#pilot.command(command);
  }

  /** What a worker that has just started should know. */
  greet(send: (message: ToWorker) => void): void {
    send({ type: "slow-threshold", ms: this.#slow.ms });
    for (const { identity, untilMs } of this.#pilot.quarantined()) {
      send({ type: "quarantine", identities: [identity], untilMs });
    }
  }

  onMessage(message: FromWorker): void {
    if (message.type === "failure") {
      this.#pilot.onFailure(message);
    } else if (message.type === "rescued") {
      const { quarantineMs } = this.#config.release;
      if (quarantineMs === 0) return;
      const untilMs = Date.now() + quarantineMs;
      this.#pilot.quarantine([message.identity], untilMs);
      this.#world.send({ type: "quarantine", identities: [message.identity], untilMs });
    }
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#pilot.stop();
    await this.#webhook?.close(WEBHOOK_CLOSE_MS);
  }

  #tick(): void {
    this.#fixSlowThreshold();
    this.#pilot.tick({
      counters: this.#world.traffic(this.#config.release.maxP99Ms),
      healthy: this.#world.healthy(),
      canaryIdentities: this.#world.canaryIdentities(),
    });
  }

  #fixSlowThreshold(): void {
    const { id, slowThresholdMs: configured } = this.#config.release;
    const known =
      this.#slow.releaseId === id && this.#slow.ms > 0 ? this.#slow.ms : this.#world.measuredSlowMs();
    const ms = configured > 0 ? configured : known;
    if (ms === this.#slow.ms && this.#slow.releaseId === id) return;
    this.#slow = { releaseId: id, ms };
    this.#world.send({ type: "slow-threshold", ms });
  }

  #openWebhook(): void {
    const { webhookUrl: url, webhookSecret: secret } = this.#config.release;
    const key = `${url} ${secret}`;
    if (key === this.#webhookKey) return;
    this.#webhookKey = key;
    const before = this.#webhook;
    const { logger } = this.#world;
    this.#webhook = url === "" ? null : createWebhook({ url, secret, onLost: (text) => logger.error(text) });
    void before?.close(WEBHOOK_CLOSE_MS);
  }
}

/** Renames a file that is there, keeping it for people to look at; false when that is not possible. */
async function putAside(path: string): Promise<boolean> {
  try {
    await rename(path, `${path}.damaged-${Date.now()}`);
    return true;
  } catch {
    return false;
  }
}
