import type { IdentityHash } from "./identity-map.ts";

/** Which share of all failures the worst identity causes, in bounded memory. */
export interface TopFailing {
  readonly add: (identity: IdentityHash, failures: number) => void;
  /** 0 to 1, or `null` without failures. An underestimate, by at most 1 / (capacity + 1). */
  readonly topShare: () => number | null;
  readonly clear: () => void;
}

/**
 * The Misra-Gries summary (1982): a counter each for the identities that fail most; when all are taken, a newcomer costs every one
 * of them what it brings. Any identity with more than 1 / (capacity + 1) of the failures is surely among them.
 */
export function createTopFailing(capacity = 64): TopFailing {
  const counters = new Map<IdentityHash, number>();
  let total = 0;
  return {
    add(identity, failures) {
      total += failures;
      const before = counters.get(identity);
      if (before !== undefined || counters.size < capacity) {
        counters.set(identity, (before ?? 0) + failures);
        return;
      }
      let spent = failures;
      for (const count of counters.values()) spent = Math.min(spent, count);
      for (const [other, count] of counters) {
        if (count > spent) counters.set(other, count - spent);
        else counters.delete(other);
      }
      if (failures > spent) counters.set(identity, failures - spent);
    },
    topShare() {
      if (total === 0) return null;
      let top = 0;
      for (const count of counters.values()) top = Math.max(top, count);
      return top / total;
    },
    clear() {
      counters.clear();
      total = 0;
    },
  };
}
