import { pino } from "pino";
import type { Logger } from "pino";

/** Lines are handed over when this many characters have gathered, or when the clock says so. */
const BATCH_CHARACTERS = 32_768;
const BATCH_MS = 100;
/** Characters that may be on their way to the control plane; past it lines are dropped and counted. */
const MAX_UNWRITTEN = 4 * 1024 * 1024;

/** One line of the access log. No query string, no identity in clear. */
export interface AccessRecord {
  readonly id: string;
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly route: string;
  readonly status: number;
  readonly version: string;
  readonly reason: string;
  readonly assignment: string | null;
  /** The identity's point; the identity itself is never logged. */
  readonly point: number | null;
  readonly bytes: number;
  readonly durationMs: number;
  readonly ttfbMs: number | null;
  readonly agent: string;
  readonly failure: string | null;
}

/**
 * The worker's end of the access log: renders lines with pino, gathers them, and sends them to the control plane,
 * which owns the destination. When the destination is blocked, lines are dropped and counted; requests never wait.
 */
export class AccessLog {
  readonly #send: (lines: string) => void;
  readonly #onDrop: (lines: number) => void;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #batch = "";
  #unwritten = 0;

  constructor(worker: number, send: (lines: string) => void, onDrop: (lines: number) => void) {
    this.#send = send;
    this.#onDrop = onDrop;
    this.#logger = pino(
      { base: { worker }, formatters: { level: (label) => ({ level: label }) } },
      { write: (line: string) => this.#gather(line) },
    );
    this.#timer = setInterval(() => this.flush(), BATCH_MS);
    this.#timer.unref();
  }

  write(record: AccessRecord): void {
    this.#logger.info(record, "request");
  }

  /** The control plane has written (or given up) that many characters. */
  acknowledge(characters: number): void {
    this.#unwritten = Math.max(0, this.#unwritten - characters);
  }

  flush(): void {
    if (this.#batch === "") return;
    this.#unwritten += this.#batch.length;
    this.#send(this.#batch);
    this.#batch = "";
  }

  close(): void {
    clearInterval(this.#timer);
    this.flush();
  }

  #gather(line: string): void {
    if (this.#unwritten + this.#batch.length > MAX_UNWRITTEN) {
      this.#onDrop(1);
      return;
    }
    this.#batch += asAscii(line);
    if (this.#batch.length >= BATCH_CHARACTERS) this.flush();
  }
}

const NOT_ASCII = /[\u0080-\uffff]/;
const EVERY_NOT_ASCII = /[\u0080-\uffff]/g;

/**
 * The same JSON in ASCII. JSON leaves C1 control characters and U+2028 as they are: a terminal may obey the first, and
 * some readers take the second for the end of the line.
 */
function asAscii(line: string): string {
  if (!NOT_ASCII.test(line)) return line;
  return line.replaceAll(EVERY_NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
