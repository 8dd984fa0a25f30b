import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { destination, pino } from "pino";
import type { Logger } from "pino";
import { loadHashes } from "../../src/hashes.ts";
import { hashIdentity, pointOfHash } from "../../src/split/point.ts";
import type { Hash32 } from "../../src/split/point.ts";
import { IDENTITY_HEADER } from "../payloads.ts";

/** Just below what its writer takes at a time. */
const BATCH_BYTES = 16_000;
const FLUSH_MS = 100;
const HALF_PPM = 500_000;

/** What of a request the work needs; Node's, and what Fastify takes for Node's, both have it. */
interface PeerRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** Where a request goes. */
export interface Target {
  readonly version: "v1" | "v2";
  readonly origin: string;
  readonly point: number;
  /** Address of the client, read here: when the answer is through, a library may have let go of the socket. */
  readonly client: string;
}

/**
 * What Serin does for every request and a bare proxy library leaves to who uses it: choosing a version by the hash of
 * a header, and one line of access log, batched. Every peer that runs in Node gets this, so that all do equal work.
 */
export class PeerWork {
  /** For libraries that take one: keep-alive, last in first out, no bound that the workloads would meet. */
  readonly agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 4096 });
  readonly #hash32: Hash32;
  readonly #v1: string;
  readonly #v2: string;
  readonly #log: Logger;

  private constructor(hash32: Hash32, v1Port: number, v2Port: number, logPath: string) {
    this.#hash32 = hash32;
    this.#v1 = `http://127.0.0.1:${v1Port}`;
    this.#v2 = `http://127.0.0.1:${v2Port}`;
    const file = destination({ dest: logPath, sync: false, minLength: BATCH_BYTES, append: true });
    setInterval(() => file.flush(), FLUSH_MS).unref();
    this.#log = pino(file);
  }

  static async create(v1Port: number, v2Port: number, logPath: string): Promise<PeerWork> {
    const { hash32 } = await loadHashes();
    return new PeerWork(hash32, v1Port, v2Port, logPath);
  }

  chooseTarget(request: PeerRequest): Target {
    const identity = request.headers[IDENTITY_HEADER];
    const point = pointOfHash(
      hashIdentity(this.#hash32, "bench", typeof identity === "string" ? identity : ""),
    );
    const client = request.socket.remoteAddress ?? "";
    return point < HALF_PPM
      ? { version: "v2", origin: this.#v2, point, client }
      : { version: "v1", origin: this.#v1, point, client };
  }

  /** Writes the request's line; to be called when its answer is through. */
  logAnswered(request: PeerRequest, response: ServerResponse, target: Target, startedMs: number): void {
    this.#log.info(
      {
        id: randomUUID(),
        client: target.client,
        method: request.method,
        path: request.url,
        host: request.headers.host,
        status: response.statusCode,
        version: target.version,
        point: target.point,
        bytes: response.getHeader("content-length") ?? null,
        durationMs: performance.now() - startedMs,
        agent: request.headers["user-agent"],
      },
      "request",
    );
  }
}
