import { decideVersion } from "./decide.ts";
import type { DecisionSettings, Reason, SplitVersion } from "./decide.ts";
import { capIdentity } from "./identity.ts";
import { distanceFromOffset, hashIdentity, pointOfHash } from "./point.ts";
import type { Hash32 } from "./point.ts";

/** Why an identity is on the side where it is, and when that changes. */
export interface Explanation {
  readonly identity: string;
  /** 0 to 999,999. */
  readonly point: number;
  readonly version: SplitVersion;
  readonly reason: Reason;
  /** The smallest percentage at which this identity is on v2; exact, 4 decimals. */
  readonly movesAtPercentage: number;
  /** The percentage in force. */
  readonly percentage: number;
  readonly salt: string;
  readonly offset: number;
}

/** Explains the decision for an identity on an ordinary route: no pin, no override, no quarantine. */
export function explainIdentity(
  settings: DecisionSettings & { readonly salt: string },
  hash32: Hash32,
  identity: string,
): Explanation {
  const capped = capIdentity(identity);
  const hash = hashIdentity(hash32, settings.salt, capped);
  const point = pointOfHash(hash);
  const decision = decideVersion(settings, { pin: null, override: null, quarantined: false, hash });
  return {
    identity: capped,
    point,
    version: decision.version,
    reason: decision.reason,
    // v2 if and only if distance < weightPpm, so the first weight is one above the distance.
    movesAtPercentage: (distanceFromOffset(point, settings.offset) + 1) / 10_000,
    percentage: settings.weightPpm / 10_000,
    salt: settings.salt,
    offset: settings.offset,
  };
}
