import { distanceFromOffset, pointOfHash } from "./point.ts";

/** The two versions behind the proxy: `v1` is the control, `v2` the canary. */
export type SplitVersion = "v1" | "v2";

/**
 * Why a request went where it went, one word each, in order of precedence; `unhealthy` and `rescue` are set after the
 * decision, by what the upstreams are able to do.
 */
export const REASONS = [
  "killswitch",
  "abort",
  "pin",
  "override",
  "quarantine",
  "hash",
  "anonymous",
  "unhealthy",
  "rescue",
] as const;

export type Reason = (typeof REASONS)[number];

/** What of the config the decision needs. */
export interface DecisionSettings {
  readonly weightPpm: number;
  readonly offset: number;
  readonly killSwitch: boolean;
  readonly aborted: boolean;
}

/** What of the request the decision needs. */
export interface DecisionInput {
  readonly pin: SplitVersion | null;
  /** A trusted `X-Canary`: `always` is v2, `never` is v1. */
  readonly override: SplitVersion | null;
  readonly quarantined: boolean;
  /** xxHash32 of the salted identity; `null` without an identity. */
  readonly hash: number | null;
}

export interface Decision {
  readonly version: SplitVersion;
  readonly reason: Reason;
  /** What the hash alone gives the identity, whatever overrules it; `null` without an identity. */
  readonly assignment: SplitVersion | null;
}

/**
 * Decides the version of a request; the first rule that applies wins. A pin to v2 survives the kill switch and an
 * abort, because what is pinned there exists nowhere else.
 */
export function decideVersion(settings: DecisionSettings, input: DecisionInput): Decision {
  const assignment = input.hash === null ? null : assignVersion(settings, input.hash);
  if (input.pin === "v2") return { version: "v2", reason: "pin", assignment };
  if (settings.killSwitch) return { version: "v1", reason: "killswitch", assignment };
  if (settings.aborted) return { version: "v1", reason: "abort", assignment };
  if (input.pin !== null) return { version: input.pin, reason: "pin", assignment };
  if (input.override !== null) return { version: input.override, reason: "override", assignment };
  if (assignment === null) return { version: "v1", reason: "anonymous", assignment };
  if (input.quarantined && assignment === "v2") return { version: "v1", reason: "quarantine", assignment };
  return { version: assignment, reason: "hash", assignment };
}

function assignVersion(settings: DecisionSettings, hash: number): SplitVersion {
  return distanceFromOffset(pointOfHash(hash), settings.offset) < settings.weightPpm ? "v2" : "v1";
}
