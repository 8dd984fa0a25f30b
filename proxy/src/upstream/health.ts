import type { UpstreamSettings, Version } from "../config/snapshot.ts";
import { probeUpstream } from "./health-probe.ts";

/** Health of one version; changed by probes and by what the workers see. */
export interface VersionHealth {
  readonly healthy: boolean;
  readonly goodInARow: number;
  readonly badInARow: number;
}

export const FRESH_HEALTH: VersionHealth = { healthy: true, goodInARow: 0, badInARow: 0 };

/** Health after one probe: thresholds on both sides, so that one lucky or unlucky probe changes nothing. */
export function assessProbe(
  before: VersionHealth,
  good: boolean,
  thresholds: { readonly unhealthyAfter: number; readonly healthyAfter: number },
): VersionHealth {
  const goodInARow = good ? before.goodInARow + 1 : 0;
  const badInARow = good ? 0 : before.badInARow + 1;
  const healthy = before.healthy
    ? badInARow < thresholds.unhealthyAfter
    : goodInARow >= thresholds.healthyAfter;
  return { healthy, goodInARow, badInARow };
}

export interface HealthMonitorOptions {
  readonly settings: () => Readonly<Record<Version, UpstreamSettings>>;
  readonly onChange: (healthy: Readonly<Record<Version, boolean>>, changed: Version, why: string) => void;
  /** 0 to 1; spreads the probes of many proxies. */
  readonly random: () => number;
}

/** Share of the interval by which a probe may come early or late. */
const JITTER = 0.2;
/** How late a changed interval may be noticed. */
const LONGEST_STEP_MS = 500;

/** Probes both versions on the control plane and takes in what the workers notice. */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #health: Record<Version, VersionHealth> = { v1: FRESH_HEALTH, v2: FRESH_HEALTH };
  readonly #timers: Partial<Record<Version, NodeJS.Timeout>> = {};
  #stopped = false;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#run("v1");
    void this.#run("v2");
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timers.v1);
    clearTimeout(this.#timers.v2);
  }

  get healthy(): Readonly<Record<Version, boolean>> {
    return { v1: this.#health.v1.healthy, v2: this.#health.v2.healthy };
  }

  /** A worker saw so many requests in a row fail to reach the version that it must be down, whatever the probes say. */
  onPassiveFailure(version: Version): void {
    const { unhealthyAfter } = this.#options.settings()[version].health;
    this.#set(
      version,
      { healthy: false, goodInARow: 0, badInARow: unhealthyAfter },
      "requests failed in a row",
    );
  }

  async #run(version: Version): Promise<void> {
    const startedMs = performance.now();
    const settings = this.#options.settings()[version];
    const outcome = await probeUpstream(settings);
    if (this.#stopped) return;
    this.#set(version, assessProbe(this.#health[version], outcome.good, settings.health), outcome.why);
    this.#wait(version, startedMs, 1 + JITTER * (2 * this.#options.random() - 1));
  }

  /** Waits for the next check in steps, so that an interval that a reload made shorter takes effect soon. */
  #wait(version: Version, lastMs: number, jitter: number): void {
    const { intervalMs } = this.#options.settings()[version].health;
    const leftMs = lastMs + intervalMs * jitter - performance.now();
    this.#timers[version] = setTimeout(
      () => {
        if (leftMs > LONGEST_STEP_MS) this.#wait(version, lastMs, jitter);
        else void this.#run(version);
      },
      Math.max(1, Math.min(leftMs, LONGEST_STEP_MS)),
    );
  }

  #set(version: Version, health: VersionHealth, why: string): void {
    const before = this.#health[version].healthy;
    this.#health[version] = health;
    if (before !== health.healthy) this.#options.onChange(this.healthy, version, why);
  }
}
