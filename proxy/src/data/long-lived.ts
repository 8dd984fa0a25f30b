import type { Version } from "../config/snapshot.ts";

/** An exchange that has no natural end: a tunnel, an event stream, a long download. */
export interface LongLived {
  readonly version: Version;
  /** On its version because a route says so; a rollback does not concern it. */
  readonly pinned: boolean;
  /** Ends it now, in an orderly way. */
  close(): void;
  /** Ends it now, whatever is on its way. */
  cut(): void;
}

/** The long-lived exchanges of one worker: what a rollback or a stop has to bring to an end. */
export class LongLivedExchanges {
  readonly #open = new Set<LongLived>();
  readonly #random: () => number;

  /** @param random 0 to 1; spreads the closing, so that the clients do not come back all at once */
  constructor(random: () => number) {
    this.#random = random;
  }

  add(exchange: LongLived): void {
    this.#open.add(exchange);
  }

  delete(exchange: LongLived): void {
    this.#open.delete(exchange);
  }

  /**
   * Closes those that are open now and concerned, each at a random moment within `spreadMs` from `afterMs` on.
   *
   * @param still asked at that moment: whether it is to be closed after all
   */
  closeSpread(
    afterMs: number,
    spreadMs: number,
    concerns: (exchange: LongLived) => boolean,
    still: () => boolean,
  ): void {
    for (const exchange of this.#open) {
      if (!concerns(exchange)) continue;
      const timer = setTimeout(
        () => {
          if (this.#open.has(exchange) && still()) exchange.close();
        },
        afterMs + this.#random() * spreadMs,
      );
      timer.unref();
    }
  }

  cutAll(): void {
    for (const exchange of this.#open) exchange.cut();
  }
}
