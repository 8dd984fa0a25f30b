import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { boundPort } from "../../src/net/bound-port.ts";
import { readRequest } from "./strict-parser.ts";
import type { ParsedRequest } from "./strict-parser.ts";

/** How the upstream answers one request; it may also say nothing, or close. */
export type Answer = (socket: Socket, request: ParsedRequest) => void;

const HEALTH_TARGET = "/health/ready";

/**
 * An upstream made of bare sockets. It keeps the bytes that arrive, reads them with a parser of its own, answers each
 * whole request, and notes everything that is not valid HTTP. Health probes are answered and otherwise ignored.
 */
export class RecordingUpstream implements AsyncDisposable {
  readonly port: number;
  /** Why bytes that arrived are not HTTP; must stay empty. */
  readonly faults: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #changes = new EventEmitter();
  #requests: ParsedRequest[] = [];
  #bytes = "";
  /** Requests that began and whose connection closed before they were whole. */
  #aborted = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.#changes.setMaxListeners(0);
  }

  /** @param answer says 200 with the body `ok` when left out */
  static async start(answer: Answer = answerOk): Promise<RecordingUpstream> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const upstream = new RecordingUpstream(server, boundPort(server));
    server.on("connection", (socket) => upstream.#serve(socket, answer));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Whole requests and all bytes (but health probes) since the last time; forgets them. */
  take(): { readonly requests: readonly ParsedRequest[]; readonly bytes: string; readonly aborted: number } {
    const taken = { requests: this.#requests, bytes: this.#bytes, aborted: this.#aborted };
    this.#requests = [];
    this.#bytes = "";
    this.#aborted = 0;
    return taken;
  }

  /** Settles once that much has come since the last `take`; checked whenever something happens. */
  async until(
    enough: (seen: { requests: number; bytes: string; aborted: number; open: number }) => boolean,
  ): Promise<void> {
    const look = (): boolean =>
      enough({
        requests: this.#requests.length,
        bytes: this.#bytes,
        aborted: this.#aborted,
        open: this.#sockets.size,
      });
    while (!look()) await once(this.#changes, "change", { signal: AbortSignal.timeout(10_000) });
  }

  #serve(socket: Socket, answer: Answer): void {
    let pending = "";
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (pending !== "") this.#aborted += 1;
      this.#changes.emit("change");
    });
    socket.on("data", (data: Buffer) => {
      const text = data.toString("latin1");
      pending += text;
      if (!pending.startsWith(`GET ${HEALTH_TARGET} `)) this.#bytes += text;
      for (;;) {
        const reading = readRequest(pending);
        if (reading.kind === "partial") break;
        if (reading.kind === "malformed") {
          this.faults.push(`${reading.why}: ${JSON.stringify(pending.slice(0, 400))}`);
          pending = "";
          socket.destroy();
          break;
        }
        pending = pending.slice(reading.length);
        if (reading.request.target === HEALTH_TARGET) {
          answerOk(socket);
        } else {
          this.#requests.push(reading.request);
          answer(socket, reading.request);
        }
      }
      this.#changes.emit("change");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** A plain 200 with the body `ok`. */
export function answerOk(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}
