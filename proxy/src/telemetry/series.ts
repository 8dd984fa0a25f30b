import { REASONS } from "../split/decide.ts";

/**
 * The bounded sets of label values that the slab has cells for. Order is the cell order within one process; nothing
 * of it is stored, so it may change from release to release.
 */

/** `none`: answered by Serin itself before any version was chosen. */
export const VERSION_LABELS = ["v1", "v2", "none"] as const;
export type VersionLabel = (typeof VERSION_LABELS)[number];

/** Status classes; `499` apart, because a client that went away is nobody's failure. */
export const CODE_LABELS = ["1xx", "2xx", "3xx", "4xx", "5xx", "499"] as const;

/** Decision reasons, and `rejected` for what the guard or the server refused. */
export const REASON_LABELS = [...REASONS, "rejected"] as const;
export type ReasonLabel = (typeof REASON_LABELS)[number];

/** Kinds of upstream failure; see `data/failure.ts`. */
export const FAILURE_KINDS = [
  "connect",
  "connect_timeout",
  "dns",
  "tls",
  "reset",
  "headers_timeout",
  "body_timeout",
  "protocol",
  "truncated",
  "queue_full",
  "queue_timeout",
  "status_5xx",
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** Upper bounds of the latency histograms, in seconds. */
export const LATENCY_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Route names beyond this many (over the life of a process) share the label `other`, slot 0. */
export const MAX_ROUTE_SLOTS = 256;

/** Index of the status class in {@link CODE_LABELS}. */
export function codeIndex(status: number): number {
  if (status === 499) return 5;
  const hundreds = Math.floor(status / 100);
  return hundreds >= 1 && hundreds <= 5 ? hundreds - 1 : 4;
}

const VERSION_INDEX: ReadonlyMap<string, number> = indexOf(VERSION_LABELS);
const REASON_INDEX: ReadonlyMap<string, number> = indexOf(REASON_LABELS);
const FAILURE_INDEX: ReadonlyMap<string, number> = indexOf(FAILURE_KINDS);

function indexOf(labels: readonly string[]): ReadonlyMap<string, number> {
  return new Map(labels.map((label, index) => [label, index]));
}

export function versionIndex(version: VersionLabel): number {
  return VERSION_INDEX.get(version) ?? 2;
}

export function reasonIndex(reason: ReasonLabel): number {
  return REASON_INDEX.get(reason) ?? 0;
}

export function failureIndex(kind: FailureKind): number {
  return FAILURE_INDEX.get(kind) ?? 0;
}
