import { CODE_LABELS, REASON_LABELS, VERSION_LABELS, reasonIndex } from "./series.ts";
import type { SlabReader } from "./slab.ts";

/** Of all reasons, the one that says that a request was none. */
const REJECTED = reasonIndex("rejected");

/**
 * Requests by route since the process started, whoever answered them and how; what the guard refused is left out.
 *
 * @param names route names in slot order
 */
export function requestsByRoute(slab: SlabReader, names: readonly string[]): Map<string, number> {
  return new Map(names.map((name, slot) => [name, requestsOfSlot(slab, slot)]));
}

function requestsOfSlot(slab: SlabReader, slot: number): number {
  let requests = 0;
  for (const version of VERSION_LABELS.keys()) {
    for (const code of CODE_LABELS.keys()) {
      for (const reason of REASON_LABELS.keys()) {
        if (reason !== REJECTED) requests += slab.requests(version, slot, code, reason);
      }
    }
  }
  return requests;
}
