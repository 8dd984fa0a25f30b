import {
  CODE_LABELS,
  FAILURE_KINDS,
  LATENCY_BOUNDS_SECONDS,
  MAX_ROUTE_SLOTS,
  REASON_LABELS,
  VERSION_LABELS,
  codeIndex,
  failureIndex,
  reasonIndex,
  versionIndex,
} from "./series.ts";
import type { FailureKind, ReasonLabel, VersionLabel } from "./series.ts";
import { SKETCH_BYTES, addToSketch } from "./sketch.ts";

/**
 * Counters and histograms of all workers in one SharedArrayBuffer. Each worker owns a slice and is its only writer;
 * the control plane reads. Nobody locks: a cell is an aligned 64-bit float, which 64-bit machines write whole, and a
 * scrape that sees one cell before its neighbour is as good as a scrape a microsecond earlier.
 */

const VERSIONS = VERSION_LABELS.length;
const CODES = CODE_LABELS.length;
const REASON_COUNT = REASON_LABELS.length;
const BOUNDS = LATENCY_BOUNDS_SECONDS.length;
/** Buckets below each bound, the one above all, and the sum. */
const HISTOGRAM_CELLS = BOUNDS + 2;

/** Scalars, one cell each. */
const SCALARS = [
  "generation",
  "rescues",
  "retries",
  "connections",
  "connectionsDropped",
  "logLinesDropped",
] as const;
export type Scalar = (typeof SCALARS)[number];
/** Scalars for each version, gauges both. */
const VERSION_SCALARS = ["inFlight", "tunnels"] as const;
export type VersionScalar = (typeof VERSION_SCALARS)[number];

const REQUESTS_AT = 0;
const DURATION_AT = REQUESTS_AT + VERSIONS * MAX_ROUTE_SLOTS * CODES * REASON_COUNT;
const TTFB_AT = DURATION_AT + VERSIONS * MAX_ROUTE_SLOTS * HISTOGRAM_CELLS;
const FAILURES_AT = TTFB_AT + VERSIONS * MAX_ROUTE_SLOTS * HISTOGRAM_CELLS;
const SCALARS_AT = FAILURES_AT + VERSIONS * FAILURE_KINDS.length;
const VERSION_SCALARS_AT = SCALARS_AT + SCALARS.length;
const CELLS = VERSION_SCALARS_AT + VERSION_SCALARS.length * VERSIONS;
const CELL_BYTES = CELLS * 8;
/** Sketches of the assigned identities, v1 and v2, behind the cells. */
const SLICE_BYTES = Math.ceil((CELL_BYTES + 2 * SKETCH_BYTES) / 8) * 8;

/** Memory for that many workers; all cells start at 0. */
export function createSlab(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(SLICE_BYTES * workers);
}

/** One worker's slice: the only thing that writes to it is that worker (or its successor after a crash). */
export class SlabSlice {
  readonly #cells: Float64Array;
  readonly #sketches: readonly [Uint8Array, Uint8Array];

  constructor(slab: SharedArrayBuffer, worker: number) {
    const start = worker * SLICE_BYTES;
    this.#cells = new Float64Array(slab, start, CELLS);
    this.#sketches = [
      new Uint8Array(slab, start + CELL_BYTES, SKETCH_BYTES),
      new Uint8Array(slab, start + CELL_BYTES + SKETCH_BYTES, SKETCH_BYTES),
    ];
  }

  countRequest(version: VersionLabel, route: number, status: number, reason: ReasonLabel): void {
    this.#add(requestCell(versionIndex(version), route, codeIndex(status), reasonIndex(reason)), 1);
  }

  observeDuration(version: VersionLabel, route: number, ms: number): void {
    this.#observe(DURATION_AT, version, route, ms / 1000);
  }

  observeTtfb(version: VersionLabel, route: number, ms: number): void {
    this.#observe(TTFB_AT, version, route, ms / 1000);
  }

  countFailure(version: VersionLabel, kind: FailureKind): void {
    this.#add(failureCell(versionIndex(version), failureIndex(kind)), 1);
  }

  add(scalar: Scalar, amount: number): void {
    this.#add(SCALARS_AT + SCALARS.indexOf(scalar), amount);
  }

  set(scalar: Scalar, value: number): void {
    this.#cells[SCALARS_AT + SCALARS.indexOf(scalar)] = value;
  }

  addVersioned(scalar: VersionScalar, version: VersionLabel, amount: number): void {
    this.#add(versionScalarCell(VERSION_SCALARS.indexOf(scalar), versionIndex(version)), amount);
  }

  /** Remembers that the identity of this hash is assigned to the version. */
  noteIdentity(version: "v1" | "v2", hash: number): void {
    addToSketch(this.#sketches[version === "v1" ? 0 : 1], hash);
  }

  /** Gauges of a dead worker describe nothing any more; its counters stay, since counters never go back. */
  clearGauges(): void {
    this.set("connections", 0);
    this.set("generation", 0);
    this.#cells.fill(0, VERSION_SCALARS_AT, CELLS);
  }

  forgetIdentities(): void {
    for (const sketch of this.#sketches) sketch.fill(0);
  }

  #observe(base: number, version: VersionLabel, route: number, seconds: number): void {
    const at = base + (versionIndex(version) * MAX_ROUTE_SLOTS + route) * HISTOGRAM_CELLS;
    let bucket = 0;
    while (bucket < BOUNDS && seconds > (LATENCY_BOUNDS_SECONDS[bucket] ?? 0)) bucket += 1;
    this.#add(at + bucket, 1);
    this.#add(at + BOUNDS + 1, seconds);
  }

  #add(cell: number, amount: number): void {
    this.#cells[cell] = (this.#cells[cell] ?? 0) + amount;
  }
}

function requestCell(version: number, route: number, code: number, reason: number): number {
  return REQUESTS_AT + ((version * MAX_ROUTE_SLOTS + route) * CODES + code) * REASON_COUNT + reason;
}

function failureCell(version: number, kind: number): number {
  return FAILURES_AT + version * FAILURE_KINDS.length + kind;
}

function versionScalarCell(scalar: number, version: number): number {
  return VERSION_SCALARS_AT + scalar * VERSIONS + version;
}

/** Sums over the workers, as Prometheus asks for them. */
export class SlabReader {
  readonly #slices: readonly Float64Array[];
  readonly #sketches: readonly (readonly [Uint8Array, Uint8Array])[];

  constructor(slab: SharedArrayBuffer) {
    const workers = slab.byteLength / SLICE_BYTES;
    const starts = Array.from({ length: workers }, (_, worker) => worker * SLICE_BYTES);
    this.#slices = starts.map((start) => new Float64Array(slab, start, CELLS));
    this.#sketches = starts.map((start) => [
      new Uint8Array(slab, start + CELL_BYTES, SKETCH_BYTES),
      new Uint8Array(slab, start + CELL_BYTES + SKETCH_BYTES, SKETCH_BYTES),
    ]);
  }

  requests(version: number, route: number, code: number, reason: number): number {
    return this.#sum(requestCell(version, route, code, reason));
  }

  failures(version: number, kind: number): number {
    return this.#sum(failureCell(version, kind));
  }

  scalar(scalar: Scalar): number {
    return this.#sum(SCALARS_AT + SCALARS.indexOf(scalar));
  }

  scalarOf(scalar: Scalar, worker: number): number {
    return this.#slices[worker]?.[SCALARS_AT + SCALARS.indexOf(scalar)] ?? 0;
  }

  versioned(scalar: VersionScalar, version: number): number {
    return this.#sum(versionScalarCell(VERSION_SCALARS.indexOf(scalar), version));
  }

  /** Counts below each bound (not cumulative), the count above all bounds, and last the sum in seconds. */
  histogram(kind: "duration" | "ttfb", version: number, route: number): number[] {
    const base = kind === "duration" ? DURATION_AT : TTFB_AT;
    const at = base + (version * MAX_ROUTE_SLOTS + route) * HISTOGRAM_CELLS;
    return Array.from({ length: HISTOGRAM_CELLS }, (_, cell) => this.#sum(at + cell));
  }

  /** The workers' sketches of the identities assigned to a version. */
  sketches(version: "v1" | "v2"): readonly Uint8Array[] {
    return this.#sketches.map((pair) => pair[version === "v1" ? 0 : 1]);
  }

  #sum(cell: number): number {
    let sum = 0;
    for (const slice of this.#slices) sum += slice[cell] ?? 0;
    return sum;
  }
}
