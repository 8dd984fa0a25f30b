import { MAX_ROUTE_SLOTS } from "../telemetry/series.ts";

/**
 * Gives every route name that a process has ever served a fixed place in the slab, so that a series keeps its meaning
 * over reloads. Slot 0 is `other`; names beyond the slab's room share it.
 */
export class RouteSlots {
  readonly #names: string[] = ["other"];

  /** Slot of each name, allotting new ones. */
  slotsOf(names: readonly string[]): number[] {
    return names.map((name) => {
      const known = this.#names.indexOf(name);
      if (known !== -1) return known;
      if (this.#names.length >= MAX_ROUTE_SLOTS) return 0;
      return this.#names.push(name) - 1;
    });
  }

  /** Names in slot order. */
  get names(): readonly string[] {
    return this.#names;
  }
}
