import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { boundPort } from "../../src/net/bound-port.ts";

/** An upstream made of a bare socket: records every byte that arrives and answers as the test says. */
export class RawUpstream implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly port: number;
  /** All bytes that arrived, over all connections, one character per byte. */
  received = "";

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @param onData called for every piece that arrives, with what this connection has sent so far */
  static async start(onData: (socket: Socket, soFar: string) => void): Promise<RawUpstream> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const upstream = new RawUpstream(server, boundPort(server));
    server.on("connection", (socket) => {
      let soFar = "";
      upstream.#sockets.add(socket);
      socket.on("close", () => upstream.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      socket.on("data", (data: Buffer) => {
        const text = data.toString("latin1");
        soFar += text;
        upstream.received += text;
        onData(socket, soFar);
      });
    });
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
