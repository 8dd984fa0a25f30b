import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { IDENTITY_HEADER, REQUEST_HEADERS } from "../payloads.ts";

const HEAD_END = "\r\n\r\n";

/** A GET in the bytes of RFC 9112, with the headers that all workloads send. */
export function renderRequest(path: string, identity: string): Buffer {
  const headers = { host: "bench.test", ...REQUEST_HEADERS, [IDENTITY_HEADER]: identity };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from([`GET ${path} HTTP/1.1`, ...lines].join("\r\n") + HEAD_END);
}

/**
 * A keep-alive connection of a load generator: one request at a time. It reads no more of an answer than the status
 * and the length of the body, because a full client costs more than some of what is measured with it.
 */
export class PlainConnection {
  readonly #socket: Socket;
  #onAnswer: ((bodyBytes: number) => void) | null = null;
  #head = "";
  #bodyLength = -1;
  #received = 0;
  #failed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => this.#fail());
    socket.on("close", () => this.#fail());
  }

  static async open(port: number): Promise<PlainConnection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new PlainConnection(socket);
  }

  /** @param onAnswer hears the body's bytes of a 200, or -1 for any other answer, a lost connection, a chunked body */
  send(request: Buffer, onAnswer: (bodyBytes: number) => void): void {
    this.#onAnswer = onAnswer;
    if (this.#failed) setImmediate(() => this.#end(-1));
    else this.#socket.write(request);
  }

  close(): void {
    this.#onAnswer = null;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#bodyLength === -1) {
      this.#head += chunk.toString("latin1");
      const headEnd = this.#head.indexOf(HEAD_END);
      if (headEnd === -1) return;
      const length = /\r\ncontent-length: *([0-9]+)\r\n/i.exec(this.#head.slice(0, headEnd + 2))?.[1];
      if (!this.#head.startsWith("HTTP/1.1 200 ") || length === undefined) {
        this.#socket.destroy();
        return;
      }
      this.#bodyLength = Number(length);
      this.#received = this.#head.length - headEnd - HEAD_END.length;
    } else {
      this.#received += chunk.length;
    }
    if (this.#received >= this.#bodyLength) this.#end(this.#received);
  }

  #fail(): void {
    this.#failed = true;
    this.#end(-1);
  }

  #end(bodyBytes: number): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = null;
    this.#head = "";
    this.#bodyLength = -1;
    onAnswer?.(bodyBytes);
  }
}
