import { destination } from "pino";

/** Characters that may wait for a slow destination; past it lines are dropped and counted. */
const MAX_WAITING = 8 * 1024 * 1024;

/** How long a blocked destination may hold up the end of the process. */
const LAST_WRITE_MS = 500;

type Destination = ReturnType<typeof destination>;

/**
 * Where log lines go: one asynchronous writer for the control plane's own log and the workers' access logs. A blocked
 * pipe or a full disk costs lines, which are counted, and never a request.
 */
export class LogDestination {
  readonly #destination: Destination;
  #dropped = 0;
  /** Monotonic milliseconds after which a destination that takes nothing is not tried again. */
  #giveUpMs = Infinity;

  constructor(fd: number) {
    this.#destination = destination({
      fd,
      sync: false,
      maxLength: MAX_WAITING,
      retryEAGAIN: () => performance.now() < this.#giveUpMs,
    });
    this.#destination.on("drop", (lines: string) => {
      this.#dropped += countLines(lines);
    });
    // ENOSPC, EPIPE: the writer tries again with the next line; there is nobody left to tell.
    this.#destination.on("error", () => undefined);
  }

  /** Whole lines. */
  write(lines: string): void {
    this.#destination.write(lines);
  }

  /** Lines dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes what is waiting, as far as the destination takes it within a moment: the process is ending. */
  flush(): void {
    this.#giveUpMs = performance.now() + LAST_WRITE_MS;
    try {
      this.#destination.flushSync();
    } catch {
      // A destination that cannot take it now never will: the process is ending.
    }
  }
}

function countLines(lines: string): number {
  let count = 0;
  for (let at = lines.indexOf("\n"); at !== -1; at = lines.indexOf("\n", at + 1)) count += 1;
  return count;
}
