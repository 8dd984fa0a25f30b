import { Client } from "undici";
import type { Dispatcher } from "undici";
import type { UpstreamSettings } from "../config/snapshot.ts";
import type { AnswerFilter } from "./answer-filter.ts";
import { TlsTrust, createConnector } from "./connector.ts";

/** What waits for a connection: gets one, or hears why not. Never both, never twice. */
export interface Waiter {
  onConnection(connection: UpstreamConnection): void;
  onNoConnection(reason: "queue_full" | "queue_timeout"): void;
}

/** Upstream response headers past this many bytes are a protocol failure. */
const MAX_RESPONSE_HEADER_BYTES = 65_536;

/**
 * One undici `Client` with pipelining 1: at most one request, at most one socket. It outlives its socket; undici
 * reconnects when the next request comes.
 */
export class UpstreamConnection {
  readonly #client: Client;
  readonly #pool: UpstreamClients;
  readonly #servername: string;
  /** Requests that the present socket has carried; 0 on a fresh one. */
  #served = 0;
  #filter: AnswerFilter | null = null;

  constructor(pool: UpstreamClients, settings: UpstreamSettings, trust: TlsTrust) {
    this.#pool = pool;
    const { connect, servername } = createConnector(settings, trust, {
      allowHalfOpen: false,
      onSocket: (filter) => {
        this.#served = 0;
        this.#filter = filter;
      },
    });
    this.#servername = servername;
    this.#client = new Client(settings.origin, { ...clientOptions(settings), connect });
  }

  /** Sends a request that the guard has let through. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    // Without the origin, undici would render it from its URL for every request.
    const named = { ...options, origin: this.#pool.settings.origin, servername: this.#servername };
    this.#client.dispatch(named, handler);
  }

  /**
   * The request is about to be written on the present socket: to be called from the handler's `onRequestStart`.
   *
   * @returns whether the socket had carried requests before
   */
  begin(): boolean {
    const reused = this.#served > 0;
    this.#served += 1;
    this.#filter?.expectAnswer(false);
    return reused;
  }

  /** Gives the connection back; to be called once the request on it has ended, well or not. */
  release(): void {
    this.#filter?.answerEnded();
    this.#pool.takeBack(this);
  }

  /** Ends the connection for good. */
  close(): void {
    this.#client.destroy().catch(() => undefined);
  }
}

function clientOptions(settings: UpstreamSettings): Client.Options {
  return {
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
    headersTimeout: settings.headersTimeoutMs,
    bodyTimeout: settings.bodyTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    // An upstream's own Keep-Alive hint may shorten, never lengthen.
    keepAliveMaxTimeout: settings.keepAliveTimeoutMs,
  };
}

interface Waiting {
  readonly waiter: Waiter;
  readonly sinceMs: number;
}

/**
 * The connections of one worker to one upstream: last in, first out, so that few are warm rather than many lukewarm,
 * with a bound on their number, on the queue for them and on the time spent in it. undici's own `Pool` is not used:
 * requests that fail its validation can wedge it for ever, and its queue has no bound.
 */
export class UpstreamClients {
  readonly settings: UpstreamSettings;
  readonly #trust: TlsTrust;
  readonly #idle: UpstreamConnection[] = [];
  #queue: Waiting[] = [];
  #open = 0;
  #retired = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(settings: UpstreamSettings) {
    this.settings = settings;
    this.#trust = new TlsTrust(settings);
  }

  /** Hands the waiter a connection at once, or later, or tells it why not. */
  acquire(waiter: Waiter): void {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      waiter.onConnection(idle);
    } else if (this.#open < this.settings.maxConnections) {
      waiter.onConnection(this.#connect());
    } else if (this.#queue.length < this.settings.maxQueue) {
      this.#queue.push({ waiter, sinceMs: performance.now() });
      this.#watchQueue();
    } else {
      waiter.onNoConnection("queue_full");
    }
  }

  /** Forgets a waiter whose client went away. */
  cancel(waiter: Waiter): void {
    this.#queue = this.#queue.filter((waiting) => waiting.waiter !== waiter);
  }

  takeBack(connection: UpstreamConnection): void {
    const next = this.#queue.shift();
    if (next !== undefined) {
      next.waiter.onConnection(connection);
    } else if (this.#retired) {
      this.#open -= 1;
      connection.close();
    } else {
      this.#idle.push(connection);
    }
  }

  /**
   * Sends a WebSocket handshake on a connection of its own, which ends with the tunnel and so is no part of the pool.
   *
   * @returns ends the connection, whatever it carries
   */
  openTunnel(
    options: Pick<Dispatcher.DispatchOptions, "path" | "headers">,
    handler: Dispatcher.DispatchHandler,
  ): () => void {
    const { connect, servername } = createConnector(this.settings, this.#trust, {
      allowHalfOpen: true,
      onSocket: (filter) => filter.expectAnswer(true),
    });
    const client = new Client(this.settings.origin, { ...clientOptions(this.settings), connect });
    const handshake = { ...options, method: "GET" as const, upgrade: "websocket", servername };
    client.dispatch(handshake, handler);
    return () => {
      client.destroy().catch(() => undefined);
    };
  }

  /** Closes what is idle now and the rest as it comes back: the settings have changed. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#idle.splice(0)) {
      this.#open -= 1;
      connection.close();
    }
  }

  #connect(): UpstreamConnection {
    this.#open += 1;
    return new UpstreamConnection(this, this.settings, this.#trust);
  }

  /** One timer for the whole queue, set for its head: all wait equally long, so the head is always the first due. */
  #watchQueue(): void {
    if (this.#timer !== null) return;
    const head = this.#queue[0];
    if (head === undefined) return;
    const dueMs = Math.max(1, head.sinceMs + this.settings.queueTimeoutMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#expire();
      this.#watchQueue();
    }, dueMs);
  }

  #expire(): void {
    const latest = performance.now() - this.settings.queueTimeoutMs;
    while (this.#queue.length > 0) {
      const head = this.#queue[0];
      if (head === undefined || head.sinceMs > latest) return;
      this.#queue.shift();
      head.waiter.onNoConnection("queue_timeout");
    }
  }
}
