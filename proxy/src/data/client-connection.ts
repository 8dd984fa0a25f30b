import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { CanaryResponse } from "./canary-response.ts";
import { FAILURES } from "./failure.ts";
import type { Failure } from "./failure.ts";

/** How long a connection that Serin closes goes on reading, so that the answer is not lost to a reset. */
const LINGER_MS = 1_000;

/**
 * What Serin knows of one client connection beyond its socket: which answers are owed on it, in which order, and
 * whether anything that still arrives on it counts. Node's own server would answer a bad request before the good ones
 * that were pipelined ahead of it, and would hand on what follows a request that closes the connection.
 */
export class ClientConnection {
  readonly socket: Socket;
  /** Accepted only to be told that there are too many. */
  readonly excess: boolean;
  /** Answers that are owed. */
  #owed = 0;
  /** The answer to the request that came last; its body may still be on its way. */
  #newest: CanaryResponse | null = null;
  /** To be answered when nothing else is owed. */
  #fault: Failure | null = null;
  #closing = false;
  readonly #answerFault: (failure: Failure) => void;

  /** @param answerFault answers on the bare socket and closes it */
  constructor(socket: Socket, excess: boolean, answerFault: (failure: Failure) => void) {
    this.socket = socket;
    this.excess = excess;
    this.#answerFault = answerFault;
  }

  /** The connection is on its way out: what arrives now is not looked at. */
  get closing(): boolean {
    return this.#closing;
  }

  /** The client owes the rest of a request body that it is not kept from sending. */
  get owesBody(): boolean {
    const request = this.#newest?.req;
    return request !== undefined && !request.complete && !request.isPaused();
  }

  get owesAnswer(): boolean {
    return this.#owed > 0;
  }

  onRequest(response: CanaryResponse): void {
    this.#owed += 1;
    this.#newest = response;
    response.client = this;
  }

  onAnswered(): void {
    this.#owed -= 1;
    if (this.#owed > 0 || !this.#closing) return;
    if (this.#fault === null) closeGently(this.socket);
    else this.#answerFault(this.#fault);
  }

  /** What the client sends cannot be read as HTTP (any more), or has not come in time. */
  onFault(failure: Failure): void {
    if (this.#closing) return;
    this.close();
    const newest = this.#newest;
    if (newest !== null && !newest.req.complete) {
      // The fault is in the body of a request that is being answered, or has been.
      if (failure === FAILURES.client_closed) this.socket.destroy();
      else if (newest.owner !== null) newest.owner.onRequestBroken(failure);
      else if (newest.writableEnded) closeGently(this.socket);
      return;
    }
    const answerable = failure === FAILURES.client_closed ? FAILURES.bad_request : failure;
    if (this.#owed === 0) this.#answerFault(answerable);
    else this.#fault = answerable;
  }

  /** Nothing more is taken from this connection; it ends with the answers that are owed. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    const { socket } = this;
    // Node calls this after an answer that closes. A plain close while bytes arrive makes the system reset the
    // connection, and the reset may overtake the answer (RFC 9112 §9.6).
    socket.destroySoon = () => {
      closeGently(socket);
      this.#newest?.req.resume();
    };
  }
}

/** Sends what is written, then goes on reading for a moment before it closes for good. */
export function closeGently(socket: Duplex): void {
  if (socket.destroyed) return;
  if (!socket.writableEnded) socket.end();
  if (socket.readableEnded) {
    destroyWhenSent(socket);
    return;
  }
  const deadline = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(deadline));
  socket.once("end", () => destroyWhenSent(socket));
  socket.resume();
}

function destroyWhenSent(socket: Duplex): void {
  if (socket.writableFinished) socket.destroy();
  else socket.once("finish", () => socket.destroy());
}
