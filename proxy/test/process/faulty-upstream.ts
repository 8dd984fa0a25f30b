import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { boundPort } from "../../src/net/bound-port.ts";

/** One request as it arrived at a {@link FaultyUpstream}. */
export interface FaultyRequest {
  readonly method: string;
  readonly target: string;
  /** Request line and headers, one character per byte. */
  readonly head: string;
  readonly connection: FaultyConnection;
  /** 1 for the first on its connection. */
  readonly nth: number;
}

export type FaultyScript = (socket: Socket, request: FaultyRequest) => void;

/** One connection to a {@link FaultyUpstream}. */
export class FaultyConnection {
  readonly socket: Socket;
  /** Every byte that arrived, one character per byte. */
  received = "";
  readonly requests: FaultyRequest[] = [];
  /** Settles when the connection is gone, however it went. */
  readonly closed: Promise<void>;
  #unread = "";
  #bodyBytes = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
  }

  take(text: string, onRequest: (request: FaultyRequest) => void): void {
    this.received += text;
    this.#unread += text;
    for (;;) {
      const body = Math.min(this.#bodyBytes, this.#unread.length);
      this.#bodyBytes -= body;
      this.#unread = this.#unread.slice(body);
      const end = this.#unread.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = this.#unread.slice(0, end);
      this.#unread = this.#unread.slice(end + 4);
      this.#bodyBytes = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const [method = "", target = ""] = head.split(" ", 2);
      const request = { method, target, head, connection: this, nth: this.requests.length + 1 };
      this.requests.push(request);
      onRequest(request);
    }
  }
}

/**
 * An upstream that misbehaves on purpose: a bare socket that answers each path as its script says. Health checks are
 * answered well; a path without a script gets a small 200.
 */
export class FaultyUpstream implements AsyncDisposable {
  readonly port: number;
  /** Connections that carried something else than health checks, in the order of their first request. */
  readonly connections: FaultyConnection[] = [];
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(
    scripts: Readonly<Record<string, FaultyScript>>,
    options: { readonly allowHalfOpen?: boolean } = {},
  ): Promise<FaultyUpstream> {
    const server = createServer({ noDelay: true, allowHalfOpen: options.allowHalfOpen ?? false });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const upstream = new FaultyUpstream(server, boundPort(server));
    server.on("connection", (socket) => upstream.#serve(socket, scripts));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** All requests for a target, over all connections, in order. */
  requestsFor(target: string): FaultyRequest[] {
    return this.connections.flatMap(({ requests }) => requests.filter((one) => one.target === target));
  }

  #serve(socket: Socket, scripts: Readonly<Record<string, FaultyScript>>): void {
    const connection = new FaultyConnection(socket);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (data: Buffer) => {
      connection.take(data.toString("latin1"), (request) => {
        if (request.target === "/health/ready") {
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
          return;
        }
        if (!this.connections.includes(connection)) this.connections.push(connection);
        const script = scripts[pathOf(request.target)];
        if (script === undefined) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        else script(socket, request);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

function pathOf(target: string): string {
  return target.split("?", 1)[0] ?? target;
}
