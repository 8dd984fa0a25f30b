/**
 * Sends requests at a fixed rate, whatever comes back, and prints their latencies as JSON:
 *
 *     node open-loop-client.ts PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS BODY_BYTES
 *
 * The loop is open: a request is sent when it is due, on any idle connection; when all are busy it waits in line and
 * the wait counts, so that a stall is seen by every request that was due in it (no coordinated omission). What the
 * client itself is late by, its own timer and its own share of a processor, is told apart (`latenessP99`).
 */
import { quantile } from "../statistics.ts";
import { IDENTITIES } from "../payloads.ts";
import { PlainConnection, renderRequest } from "./plain-connection.ts";

/** What the client found; latencies in milliseconds. */
export interface OpenLoopResult {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly latenessP99: number;
}

/** Answers that are still out this long after the last was due count as failed. */
const GRACE_MS = 5_000;

/** One run at one rate. */
class OpenLoop {
  readonly #connections: readonly PlainConnection[];
  readonly #idle: PlainConnection[];
  readonly #requests: readonly Buffer[];
  readonly #bodyBytes: number;
  readonly #everyMs: number;
  readonly #total: number;
  readonly #latencies: number[] = [];
  readonly #lateness: number[] = [];
  /** When each request was due that waits for a connection. */
  readonly #line: number[] = [];
  readonly #finished = Promise.withResolvers<OpenLoopResult>();
  #startedMs = 0;
  #due = 0;
  #sent = 0;
  #done = 0;
  #failed = 0;

  constructor(
    connections: readonly PlainConnection[],
    options: {
      readonly path: string;
      readonly ratePerSecond: number;
      readonly seconds: number;
      readonly bodyBytes: number;
    },
  ) {
    this.#connections = connections;
    this.#idle = [...connections];
    this.#requests = Array.from({ length: IDENTITIES }, (_, user) =>
      renderRequest(options.path, `user-${user}`),
    );
    this.#bodyBytes = options.bodyBytes;
    this.#everyMs = 1000 / options.ratePerSecond;
    this.#total = Math.floor(options.ratePerSecond * options.seconds);
  }

  run(): Promise<OpenLoopResult> {
    this.#startedMs = performance.now();
    this.#tick();
    return this.#finished.promise;
  }

  #tick(): void {
    const nowMs = performance.now();
    while (this.#due < this.#total) {
      const lateMs = nowMs - this.#startedMs - this.#due * this.#everyMs;
      if (lateMs < 0) break;
      this.#lateness.push(lateMs);
      this.#due += 1;
      // Counted from now: the client's own lateness is not the proxy's. It never depends on an answer.
      this.#line.push(nowMs);
    }
    this.#sendDue();
    const deadlineMs = this.#startedMs + this.#total * this.#everyMs + GRACE_MS;
    if (this.#done === this.#total || nowMs > deadlineMs) this.#finish();
    else setTimeout(() => this.#tick(), 1);
  }

  #sendDue(): void {
    while (this.#line.length > 0) {
      const connection = this.#idle.pop();
      const request = this.#requests[this.#sent % IDENTITIES];
      if (connection === undefined || request === undefined) return;
      const dueMs = this.#line.shift() ?? Number.NaN;
      this.#sent += 1;
      connection.send(request, (bytes) => {
        this.#done += 1;
        if (bytes === this.#bodyBytes) this.#latencies.push(performance.now() - dueMs);
        else this.#failed += 1;
        this.#idle.push(connection);
        this.#sendDue();
      });
    }
  }

  #finish(): void {
    for (const connection of this.#connections) connection.close();
    const ascending = Float64Array.from(this.#latencies).sort();
    this.#finished.resolve({
      requests: this.#total,
      failed: this.#failed + (this.#total - this.#done),
      p50: quantile(ascending, 0.5),
      p99: quantile(ascending, 0.99),
      p999: quantile(ascending, 0.999),
      latenessP99: quantile(Float64Array.from(this.#lateness).sort(), 0.99),
    });
  }
}

const [port = 0, , ratePerSecond = 0, seconds = 0, count = 0, bodyBytes = 0] = process.argv
  .slice(2)
  .map(Number);
const connections = await Promise.all(Array.from({ length: count }, () => PlainConnection.open(port)));
const path = process.argv[3] ?? "/";
const loop = new OpenLoop(connections, { path, ratePerSecond, seconds, bodyBytes });
process.stdout.write(JSON.stringify(await loop.run()));
