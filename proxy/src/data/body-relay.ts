import { Readable } from "node:stream";
import type { IncomingMessage } from "node:http";

/**
 * A request body on its way to the upstream. undici destroys the stream it is given when a request fails; given the
 * request itself it would take the client's connection down with it, and the client would never see the answer. So it
 * gets this, which reads the request only as fast as the upstream takes it.
 */
export class BodyRelay extends Readable {
  readonly #request: IncomingMessage;
  readonly #maxBytes: number;
  readonly #onTooLarge: () => void;
  #bytes = 0;

  /** @param onTooLarge called once when a chunked body passes `maxBytes`; nothing more is read then */
  constructor(request: IncomingMessage, maxBytes: number, onTooLarge: () => void) {
    super({ highWaterMark: 65_536 });
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#onTooLarge = onTooLarge;
    request.on("data", (chunk: Buffer) => this.#take(chunk));
    request.on("end", () => this.push(null));
    request.pause();
  }

  #take(chunk: Buffer): void {
    if (this.destroyed) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      this.#request.pause();
      this.#onTooLarge();
      return;
    }
    if (!this.push(chunk)) this.#request.pause();
  }

  override _read(): void {
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#request.pause();
    done(error);
  }
}
