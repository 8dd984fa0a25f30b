import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const PAUSE_MS = 10;
/** Requests on one connection before the client opens another, so that connections spread over the workers again. */
const REQUESTS_PER_CONNECTION = 10;
const END_OF_ANSWER = "\r\n\r\nok";

/** A request that got no whole answer. */
export interface FailedRequest {
  /** Name of its connection. */
  readonly connection: string;
  readonly connectionOpenedMs: number;
  readonly received: string;
}

/** Asks for one answer after the other on a connection whose name stands in the path, and notes what fails. */
export class KeptClient {
  readonly failed: FailedRequest[] = [];
  answered = 0;
  /** Name of the connection that a request is under way on. */
  underWay: string | null = null;
  readonly #port: number;
  readonly #name: string;
  readonly #done: Promise<void>;
  #running = true;

  constructor(port: number, name: string) {
    this.#port = port;
    this.#name = name;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(): Promise<void> {
    for (let connection = 0; this.#running; connection += 1) {
      const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
      await this.#use(socket, `${this.#name}-${connection}`);
      socket.destroy();
    }
  }

  async #use(socket: Socket, connection: string): Promise<void> {
    const openedMs = performance.now();
    let received = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      received += text;
    });
    socket.on("error", () => socket.destroy());
    const closing = new AbortController();
    const closed = closing.signal;
    socket.on("close", () => closing.abort());
    for (let sent = 0; this.#running && sent < REQUESTS_PER_CONNECTION && !closed.aborted; sent += 1) {
      received = "";
      this.underWay = connection;
      socket.write(`GET /${connection} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      while (!closed.aborted && !received.endsWith(END_OF_ANSWER))
        await once(socket, "data", { signal: closed }).catch(() => undefined);
      this.underWay = null;
      if (received.startsWith("HTTP/1.1 200 ") && received.endsWith(END_OF_ANSWER)) this.answered += 1;
      else this.failed.push({ connection, connectionOpenedMs: openedMs, received });
      await pause(PAUSE_MS);
    }
  }
}
