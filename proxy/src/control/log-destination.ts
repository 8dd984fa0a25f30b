import { destination } from "pino";

/** Bytes that may wait for a slow destination; past it lines are dropped and counted. */
const MAX_WAITING = 8 * 1024 * 1024;

/** How long a blocked destination may hold up the end of the process. */
const LAST_WRITE_MS = 500;

type Destination = ReturnType<typeof destination>;

/** What a destination is that takes bytes, of which its types do not know. */
interface ByteWriter {
  write(bytes: string | Buffer): boolean;
}

/**
 * Where log lines go: one asynchronous writer for the control plane's own log and the workers' access logs. A blocked
 * pipe or a full disk costs lines, which are counted, and never a request.
 */
export class LogDestination {
  readonly #destination: Destination;
  #dropped = 0;
  /** Everything has been written. */
  #isIdle = true;
  /** Monotonic milliseconds after which a destination that takes nothing is not tried again. */
  #giveUpMs = Infinity;

  constructor(fd: number) {
    this.#destination = destination({
      fd,
      sync: false,
      maxLength: MAX_WAITING,
      // What comes from the workers is bytes already.
      contentMode: "buffer",
      retryEAGAIN: () => performance.now() < this.#giveUpMs,
    });
    this.#destination.on("drop", (lines: Buffer) => {
      this.#dropped += countLines(lines);
    });
    this.#destination.on("drain", () => {
      this.#isIdle = true;
    });
    // Keeps pino from writing out everything when the process exits: it would try for ever where nothing is taken.
    this.#destination.emit("close");
    // ENOSPC, EPIPE: the writer tries again with the next line; there is nobody left to tell.
    this.#destination.on("error", () => undefined);
  }

  /** Whole lines. */
  write(lines: string | Uint8Array<ArrayBuffer>): void {
    this.#isIdle = false;
    const writer: ByteWriter = this.#destination;
    writer.write(typeof lines === "string" ? Buffer.from(lines) : Buffer.from(lines.buffer));
  }

  /** Lines dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Lets what is waiting be written within a moment, then closes: the process is ending. Never waits by itself: the
   * writes that are under way keep the process alive until they are done or given up.
   */
  flush(): void {
    this.#giveUpMs = performance.now() + LAST_WRITE_MS;
    const close = (): void => {
      clearTimeout(deadline);
      this.#destination.destroy();
    };
    const deadline = setTimeout(close, LAST_WRITE_MS);
    if (this.#isIdle) close();
    else this.#destination.once("drain", close).once("error", close);
  }
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(10); at !== -1; at = lines.indexOf(10, at + 1)) count += 1;
  return count;
}
