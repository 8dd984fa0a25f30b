import { quantile } from "./samples.ts";
import type { Answerer, Samples } from "./samples.ts";

/** What a version did over a whole run. Times in milliseconds. */
export interface VersionSummary {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** One threshold of the script and whether it held. */
export interface Threshold {
  readonly metric: string;
  readonly condition: string;
  readonly held: boolean;
}

/** A run in figures; what `summary.json` holds. */
export interface Summary {
  readonly script: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly passed: boolean;
  readonly thresholds: readonly Threshold[];
  readonly versions: Readonly<Partial<Record<Answerer, VersionSummary>>>;
  /** v2's quantiles over v1's; `null` unless both answered. */
  readonly ratio: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  /** Every metric of the script's own, as k6 sums it up. */
  readonly metrics: Readonly<Record<string, unknown>>;
}

/**
 * Sums a run up.
 * @param exported what k6 wrote with `--summary-export`
 * @param exitCode k6's own: 0 when every threshold held
 */
export function summarise(script: string, samples: Samples, exported: unknown, exitCode: number): Summary {
  const versions: Partial<Record<Answerer, VersionSummary>> = {};
  for (const [version, seconds] of samples.byVersion) {
    const all = [...seconds.values()];
    const ms = all.flatMap((second) => second.ms);
    if (ms.length === 0) continue;
    versions[version] = {
      requests: ms.length,
      failed: all.reduce((sum, second) => sum + second.failed, 0),
      p50Ms: quantile(ms, 0.5),
      p95Ms: quantile(ms, 0.95),
      p99Ms: quantile(ms, 0.99),
      maxMs: quantile(ms, 1),
    };
  }
  const { v1, v2 } = versions;
  const metrics = Object.fromEntries(entriesOf(read(exported, "metrics")));
  return {
    script,
    startedAt: new Date(samples.from * 1000).toISOString(),
    seconds: samples.to - samples.from + 1,
    passed: exitCode === 0,
    thresholds: Object.entries(metrics).flatMap(([metric, value]) =>
      // k6 exports `true` for a threshold that was crossed.
      entriesOf(read(value, "thresholds")).map(([condition, crossed]) => ({
        metric,
        condition,
        held: crossed !== true,
      })),
    ),
    versions,
    ratio:
      v1 === undefined || v2 === undefined
        ? null
        : { p50: v2.p50Ms / v1.p50Ms, p95: v2.p95Ms / v1.p95Ms, p99: v2.p99Ms / v1.p99Ms },
    metrics,
  };
}

function read(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function entriesOf(value: unknown): readonly [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
