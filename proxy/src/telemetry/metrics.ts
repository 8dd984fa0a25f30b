import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import {
  CODE_LABELS,
  FAILURE_KINDS,
  LATENCY_BOUNDS_SECONDS,
  REASON_LABELS,
  VERSION_LABELS,
} from "./series.ts";
import { estimateIdentities } from "./sketch.ts";
import type { SlabReader } from "./slab.ts";

type Labels = Readonly<Record<string, string | number>>;

/** Reads the present value of something: labels and value, or several. */
export type Reading = readonly (readonly [Labels, number])[];

/** What a release can be in; an abort counts before a freeze. */
const RELEASE_STATES = ["running", "frozen", "aborted", "promoted"] as const;
export type ReleaseStateLabel = (typeof RELEASE_STATES)[number];

/** What the metrics show besides the slab; asked at each scrape. */
export interface MetricSources {
  readonly slab: SlabReader;
  /** Names in slot order. */
  readonly routeNames: () => readonly string[];
  readonly weightPpm: () => number;
  readonly healthy: () => Readonly<Record<"v1" | "v2", boolean>>;
  readonly generations: () => readonly number[];
  readonly workerRestarts: () => number;
  readonly reloadSuccessful: () => boolean;
  readonly reloads: () => Readonly<Record<string, number>>;
  readonly logLinesDropped: () => number;
  readonly releaseInfo: () => Labels;
  readonly releaseState: () => ReleaseStateLabel;
  /** log10 of the evidence against v2, by metric. */
  readonly evidenceLog10: () => Readonly<Record<string, number>>;
  /** Distinct identities that failed, by assignment. */
  readonly harmedIdentities: () => Readonly<Record<"v1" | "v2", number>>;
}

/** Builds the registry; everything is read when Prometheus asks, nothing is counted twice. */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  const { slab } = sources;
  counter(
    registry,
    "serin_requests_total",
    "Requests, by the version that answered.",
    ["version", "route", "code", "reason"],
    () => readRequests(sources),
  );
  registry.registerMetric(
    new SlabHistogram(
      "serin_request_duration_seconds",
      "Time to the last byte; streams and tunnels left out.",
      () => readHistograms(sources, "duration"),
    ),
  );
  registry.registerMetric(
    new SlabHistogram("serin_ttfb_seconds", "Time to the head of the answer.", () =>
      readHistograms(sources, "ttfb"),
    ),
  );
  counter(
    registry,
    "serin_upstream_failures_total",
    "Requests that a version failed, by kind.",
    ["version", "kind"],
    () =>
      // Zeros too: Prometheus takes the first value of a series for no increase at all.
      (["v1", "v2"] as const).flatMap((version, v) =>
        FAILURE_KINDS.map((kind, k) => [{ version, kind }, slab.failures(v, k)] as const),
      ),
  );
  counter(registry, "serin_rescues_total", "Requests that v2 failed and v1 answered.", [], () => [
    [{}, slab.scalar("rescues")],
  ]);
  counter(
    registry,
    "serin_retries_total",
    "Requests sent again because a kept connection was stale.",
    [],
    () => [[{}, slab.scalar("retries")]],
  );
  gauge(registry, "serin_in_flight", "Requests being served.", ["version"], () =>
    readVersioned(slab, "inFlight"),
  );
  gauge(registry, "serin_tunnels_active", "WebSocket tunnels open.", ["version"], () =>
    readVersioned(slab, "tunnels"),
  );
  gauge(registry, "serin_connections", "Client connections open.", [], () => [
    [{}, slab.scalar("connections")],
  ]);
  counter(registry, "serin_connections_dropped_total", "Client connections refused at the limit.", [], () => [
    [{}, slab.scalar("connectionsDropped")],
  ]);
  gauge(registry, "serin_upstream_healthy", "1 while the version is healthy.", ["version"], () =>
    Object.entries(sources.healthy()).map(([version, healthy]) => [{ version }, healthy ? 1 : 0] as const),
  );
  gauge(registry, "serin_weight_ratio", "Share of identities on v2, 0 to 1.", [], () => [
    [{}, sources.weightPpm() / 1_000_000],
  ]);
  gauge(
    registry,
    "serin_assigned_identities",
    "Distinct identities seen, by assignment (estimate).",
    ["version"],
    () => [
      [{ version: "v1" }, estimateIdentities(slab.sketches("v1"))],
      [{ version: "v2" }, estimateIdentities(slab.sketches("v2"))],
    ],
  );
  gauge(registry, "serin_config_generation", "Snapshot that a worker runs.", ["worker"], () =>
    sources.generations().map((generation, worker) => [{ worker }, generation] as const),
  );
  gauge(
    registry,
    "serin_config_last_reload_successful",
    "1 if the last reload was applied or changed nothing.",
    [],
    () => [[{}, sources.reloadSuccessful() ? 1 : 0]],
  );
  counter(registry, "serin_config_reloads_total", "Reloads, by result.", ["result"], () =>
    Object.entries(sources.reloads()).map(([result, count]) => [{ result }, count] as const),
  );
  gauge(
    registry,
    "serin_release_info",
    "1; the release in its labels.",
    ["release", "verdict", "step"],
    () => [[sources.releaseInfo(), 1]],
  );
  gauge(registry, "serin_release_state", "1 for the state that the release is in.", ["state"], () => {
    const current = sources.releaseState();
    return RELEASE_STATES.map((state) => [{ state }, state === current ? 1 : 0] as const);
  });
  gauge(
    registry,
    "serin_evidence_log10",
    "Evidence that v2 is worse, as a power of ten: 2 freezes the plan, 3 aborts.",
    ["metric"],
    () => Object.entries(sources.evidenceLog10()).map(([metric, log10]) => [{ metric }, log10] as const),
  );
  gauge(
    registry,
    "serin_harmed_identities",
    "Distinct identities that failed in this release, by assignment.",
    ["version"],
    () => Object.entries(sources.harmedIdentities()).map(([version, count]) => [{ version }, count] as const),
  );
  counter(registry, "serin_worker_restarts_total", "Workers started again after they died.", [], () => [
    [{}, sources.workerRestarts()],
  ]);
  counter(
    registry,
    "serin_log_lines_dropped_total",
    "Log lines dropped because the destination was slow.",
    [],
    () => [[{}, slab.scalar("logLinesDropped") + sources.logLinesDropped()]],
  );
  collectDefaultMetrics({ register: registry });
  return registry;
}

function gauge(
  registry: Registry,
  name: string,
  help: string,
  labelNames: string[],
  read: () => Reading,
): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    }),
  );
}

function counter(
  registry: Registry,
  name: string,
  help: string,
  labelNames: string[],
  read: () => Reading,
): void {
  registry.registerMetric(
    new Counter({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    }),
  );
}

interface HistogramReading {
  readonly labels: Labels;
  /** As `SlabReader.histogram` gives them. */
  readonly cells: readonly number[];
}

interface HistogramValue {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

/** A histogram that was counted elsewhere: prom-client writes it, the slab holds it. */
class SlabHistogram extends Histogram {
  readonly #metricName: string;
  readonly #help: string;
  readonly #read: () => readonly HistogramReading[];

  constructor(name: string, help: string, read: () => readonly HistogramReading[]) {
    super({ name, help, registers: [], buckets: [...LATENCY_BOUNDS_SECONDS] });
    this.#metricName = name;
    this.#help = help;
    this.#read = read;
  }

  /** What prom-client's registry asks for when it writes the text format. */
  async getForPromString(): Promise<object> {
    const values = this.#read().flatMap((reading) => this.#values(reading));
    return { name: this.#metricName, help: this.#help, type: "histogram", aggregator: "sum", values };
  }

  #values({ labels, cells }: HistogramReading): HistogramValue[] {
    const name = this.#metricName;
    const values: HistogramValue[] = [];
    let count = 0;
    for (const [i, le] of [...LATENCY_BOUNDS_SECONDS, "+Inf"].entries()) {
      count += cells[i] ?? 0;
      values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count });
    }
    const sum = cells[LATENCY_BOUNDS_SECONDS.length + 1] ?? 0;
    values.push({ metricName: `${name}_sum`, labels, value: sum });
    values.push({ metricName: `${name}_count`, labels, value: count });
    return values;
  }
}

function readRequests({ slab, routeNames }: MetricSources): Reading {
  const readings: [Labels, number][] = [];
  for (const [v, version] of VERSION_LABELS.entries()) {
    for (const [slot, route] of routeNames().entries()) {
      for (const [c, code] of CODE_LABELS.entries()) {
        for (const [r, reason] of REASON_LABELS.entries()) {
          const count = slab.requests(v, slot, c, r);
          if (count > 0) readings.push([{ version, route, code, reason }, count]);
        }
      }
    }
  }
  return readings;
}

function readHistograms({ slab, routeNames }: MetricSources, kind: "duration" | "ttfb"): HistogramReading[] {
  return VERSION_LABELS.flatMap((version, v) =>
    routeNames()
      .map((route, slot) => ({ labels: { version, route }, cells: slab.histogram(kind, v, slot) }))
      .filter(({ cells }) => cells.some((cell) => cell > 0)),
  );
}

function readVersioned(slab: SlabReader, scalar: "inFlight" | "tunnels"): Reading {
  return (["v1", "v2"] as const).map((version, v) => [{ version }, slab.versioned(scalar, v)] as const);
}
