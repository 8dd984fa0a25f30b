import { METRICS, RATIOS, type MetricEvidence } from "./evidence.ts";
import { identityMapOf, isIdentityHash, listIdentities, type IdentityMap } from "./identity-map.ts";
import { isRecord, parseEvent } from "./parse-event.ts";
import { INITIAL_STATE, type Latch, type ReleaseState } from "./state.ts";

/** A state as plain JSON: the first line of a compacted log. Identities are listed in order, so equal states print alike. */
export function serialiseState(state: ReleaseState): Record<string, unknown> {
  return {
    ...state,
    evidence: Object.fromEntries(
      METRICS.map((metric) => [metric, serialiseEvidence(state.evidence[metric])]),
    ),
    quarantine: listIdentities(state.quarantine),
  };
}

export type ParsedState =
  | { readonly ok: true; readonly state: ReleaseState }
  | { readonly ok: false; readonly problem: string };

/** Reads what {@link serialiseState} wrote. A missing or wrong field is a problem that names it. */
export function parseState(value: unknown): ParsedState {
  if (!isRecord(value)) return { ok: false, problem: "a checkpoint's state must be an object" };
  if (!hasScalars(value)) return { ok: false, problem: `state.${wrongScalar(value)} is missing or wrong` };
  const quarantine = parseIdentities(value["quarantine"]);
  if (quarantine === null) return { ok: false, problem: "state.quarantine must list [identity, number]" };
  const metrics = isRecord(value["evidence"]) ? value["evidence"] : {};
  const errors = parseEvidence(metrics["errors"]);
  const slow = parseEvidence(metrics["slow"]);
  if (errors === null || slow === null) return { ok: false, problem: "state.evidence is incomplete" };
  return { ok: true, state: { ...value, quarantine, evidence: { errors, slow } } };
}

type Scalars = Omit<ReleaseState, "evidence" | "quarantine">;

function hasScalars(value: Record<string, unknown>): value is Record<string, unknown> & Scalars {
  return wrongScalar(value) === null;
}

/** Scalars must be of the kind that the initial state has; latches are null or whole. */
function wrongScalar(value: Record<string, unknown>): string | null {
  for (const [name, initial] of Object.entries(INITIAL_STATE)) {
    if (name === "evidence" || name === "quarantine") continue;
    const field = value[name];
    const fine = initial === null ? field === null || isLatch(field) : typeof field === typeof initial;
    if (!fine || (typeof field === "number" && !Number.isFinite(field))) return name;
  }
  return null;
}

function isLatch(value: unknown): value is Latch {
  if (!isRecord(value)) return false;
  // A latch holds what a `frozen` event does, so that event's rules check it.
  return parseEvent({ ...value, type: "frozen", releaseId: "", version: 0 }).ok;
}

function serialiseEvidence(evidence: MetricEvidence): Record<string, unknown> {
  return { ...evidence, identities: listIdentities(evidence.identities) };
}

function parseEvidence(value: unknown): MetricEvidence | null {
  if (!isRecord(value)) return null;
  const identities = parseIdentities(value["identities"]);
  const logByRatio = value["logByRatio"];
  const { logSafe, canary, canaryOnly, control, expectedCanary, expectedFromControl } = value;
  if (identities === null || !Array.isArray(logByRatio) || logByRatio.length !== RATIOS.length) return null;
  if (!logByRatio.every(isFiniteNumber)) return null;
  if (!isFiniteNumber(logSafe) || !isFiniteNumber(canary) || !isFiniteNumber(canaryOnly)) return null;
  if (!isFiniteNumber(control) || !isFiniteNumber(expectedCanary) || !isFiniteNumber(expectedFromControl))
    return null;
  return {
    logByRatio,
    logSafe,
    canary,
    canaryOnly,
    control,
    expectedCanary,
    expectedFromControl,
    identities,
  };
}

function parseIdentities(value: unknown): IdentityMap | null {
  if (!Array.isArray(value)) return null;
  const entries: [string, number][] = [];
  for (const entry of value) {
    if (!Array.isArray(entry) || !isIdentityHash(entry[0]) || !isFiniteNumber(entry[1])) return null;
    entries.push([entry[0], entry[1]]);
  }
  return identityMapOf(entries);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
