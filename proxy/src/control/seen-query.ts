import type { SeenIdentity, ToWorker } from "../data/messages.ts";

/** How long a worker may take to answer; a preview is as good without one that is busy or gone. */
const ANSWER_TIMEOUT_MS = 1_000;

/** The workers, as far as a question to all of them needs. */
export interface AskedWorkers {
  readonly send: (message: ToWorker) => void;
  /** How many of them run. */
  readonly running: () => number;
}

interface OpenQuestion {
  readonly byKey: Map<string, SeenIdentity>;
  awaited: number;
  readonly answered: () => void;
}

/** Asks all workers whom they saw lately and puts their answers together. */
export class SeenQuery {
  readonly #workers: AskedWorkers;
  readonly #open = new Map<number, OpenQuestion>();
  #lastQuestion = 0;

  constructor(workers: AskedWorkers) {
    this.#workers = workers;
  }

  /** Each identity once, with its points under both salts; what has come in within a second. */
  async ask(oldSalt: string, newSalt: string): Promise<SeenIdentity[]> {
    const awaited = this.#workers.running();
    if (awaited === 0) return [];
    this.#lastQuestion += 1;
    const question = this.#lastQuestion;
    const complete = Promise.withResolvers<void>();
    const open: OpenQuestion = { byKey: new Map(), awaited, answered: complete.resolve };
    this.#open.set(question, open);
    const timer = setTimeout(complete.resolve, ANSWER_TIMEOUT_MS);
    this.#workers.send({ type: "seen", question, oldSalt, newSalt });
    await complete.promise;
    clearTimeout(timer);
    this.#open.delete(question);
    return [...open.byKey.values()];
  }

  /** A worker's answer; one that comes too late is dropped. */
  onAnswer(question: number, identities: readonly SeenIdentity[]): void {
    const open = this.#open.get(question);
    if (open === undefined) return;
    for (const identity of identities) open.byKey.set(identity.key, identity);
    open.awaited -= 1;
    if (open.awaited === 0) open.answered();
  }
}
