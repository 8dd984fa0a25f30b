import type { Dispatcher } from "undici";
import type { UpstreamConnection } from "../upstream/clients.ts";

/** Why Serin itself ends a request to an upstream. Never shown, never counted as the upstream's failure. */
class Abandoned extends Error {
  readonly code = "SERIN_ABANDONED";
}

/** What an attempt tells the exchange that made it, as long as it is not abandoned. */
export interface AttemptListener {
  onAnswerStart(
    attempt: Attempt,
    status: number,
    statusText: string,
    rawHeaders: readonly (Buffer | string)[],
  ): void;
  onEarlyHints(link: string | string[]): void;
  /** Answers whether more may come now. */
  onAnswerData(chunk: Buffer): boolean;
  onAnswerEnd(): void;
  onAttemptFailed(attempt: Attempt, error: Error): void;
}

/**
 * One try at one upstream: undici's handler for one request on one connection. An exchange may make two (a retry or
 * a rescue); having an object each, a late word of the first is never taken for the second's. The connection goes
 * back when undici is done with the request, not before.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  #reusedSocket = false;
  #answerStarted = false;
  readonly #listener: AttemptListener;
  readonly #connection: UpstreamConnection;
  #controller: Dispatcher.DispatchController | null = null;
  #abandoned = false;
  #released = false;

  constructor(listener: AttemptListener, connection: UpstreamConnection) {
    this.#listener = listener;
    this.#connection = connection;
  }

  /** @throws only what the guard should have made impossible; the connection is given back then */
  send(options: Dispatcher.DispatchOptions): void {
    try {
      this.#connection.dispatch(options, this);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /** Ends the request to the upstream; the listener hears no more. */
  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#controller?.abort(new Abandoned());
  }

  /** The socket had carried requests before and brought no byte of an answer: it may only have been stale. */
  get mayBeStale(): boolean {
    return this.#reusedSocket && !this.#answerStarted;
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#abandoned) controller.abort(new Abandoned());
    else this.#reusedSocket = this.#connection.begin();
  }

  onResponseStarted(): void {
    this.#answerStarted = true;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: Record<string, string | string[] | undefined>,
    statusText?: string,
  ): void {
    if (this.#abandoned) return;
    if (status < 200) {
      const link = parsed["link"];
      if (status === 103 && link !== undefined) this.#listener.onEarlyHints(link);
      return;
    }
    const raw = controller.rawHeaders;
    this.#listener.onAnswerStart(this, status, statusText ?? "", Array.isArray(raw) ? raw : []);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#abandoned && !this.#listener.onAnswerData(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#release();
    if (!this.#abandoned) this.#listener.onAnswerEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    if (!this.#abandoned) this.#listener.onAttemptFailed(this, error);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#connection.release();
  }
}
