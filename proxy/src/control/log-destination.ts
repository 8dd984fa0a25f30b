import { destination } from "pino";

/** Characters that may wait for a slow destination; past it lines are dropped and counted. */
const MAX_WAITING = 8 * 1024 * 1024;

type Destination = ReturnType<typeof destination>;

/**
 * Where log lines go: one asynchronous writer for the control plane's own log and the workers' access logs. A blocked
 * pipe or a full disk costs lines, which are counted, and never a request.
 */
export class LogDestination {
  readonly #destination: Destination;
  #dropped = 0;

  constructor(fd: number) {
    this.#destination = destination({ fd, sync: false, maxLength: MAX_WAITING });
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

  /** Writes what is waiting, as far as the destination takes it at once. */
  flush(): void {
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
