import { STATUS_CODES } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Snapshot, Version } from "../config/snapshot.ts";
import type { Decision, Reason } from "../split/decide.ts";
import type { UpstreamConnection, Waiter } from "../upstream/clients.ts";
import type { ActiveConfig } from "./active-config.ts";
import { answerFailure } from "./answer.ts";
import { Attempt } from "./attempt.ts";
import type { AttemptListener } from "./attempt.ts";
import { pushDeprecation } from "./deprecation.ts";
import { BodyRelay } from "./body-relay.ts";
import type { CanaryResponse } from "./canary-response.ts";
import { FAILURES, failureOfError } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { RequestHead } from "./guard.ts";
import { VIA, readResponseHeaders } from "./headers.ts";
import type { LongLived } from "./long-lived.ts";
import { isGatewayFailure, isIdempotent, isSafe } from "./rescue.ts";
import type { Route } from "./router.ts";
import type { WorkerContext } from "./worker-context.ts";

/** A request that the guard let through and that has its decision. */
export interface Admitted {
  /** The config that the request met. */
  readonly snapshot: Snapshot;
  readonly head: RequestHead;
  readonly route: Route;
  readonly decision: Decision;
  readonly identity: string | null;
  /** Salted xxHash32 of the identity, `null` without one. */
  readonly hash: number | null;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly userAgent: string;
  /** Headers for the upstream, flat. */
  readonly upstreamHeaders: string[];
  /** Set-Cookie line that issues an identity, `null` for none. */
  readonly issuedCookie: string | null;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
}

/**
 * One request on its way through: takes a connection to the version, relays the request, relays the answer, and keeps
 * account.
 *
 * A request that fails before the first byte of an answer may be tried once more: on a fresh socket of the same
 * version when it died on a reused one (RFC 9112 §9.3.1), or on v1 when v2 failed a safe request (the rescue).
 */
export class Exchange implements AttemptListener, Waiter, LongLived {
  readonly #context: WorkerContext;
  readonly #config: ActiveConfig;
  readonly #request: IncomingMessage;
  readonly #response: CanaryResponse;
  readonly #admitted: Admitted;
  /** The version that is to answer: changes when v1 rescues. */
  #version: Version;
  #reason: Reason;
  #attempt: Attempt | null = null;
  #body: BodyRelay | null = null;
  #retried = false;
  #rescued = false;
  /** The answer's head has gone to the client. */
  #answering = false;
  #closed = false;
  #ttfbMs: number | null = null;
  #bytes = 0;
  #expectedBytes = -1;
  #isStream: boolean;
  #isEventStream = false;
  #failure: Failure | null = null;

  constructor(
    context: WorkerContext,
    config: ActiveConfig,
    request: IncomingMessage,
    response: CanaryResponse,
    admitted: Admitted,
  ) {
    this.#context = context;
    this.#config = config;
    this.#request = request;
    this.#response = response;
    this.#admitted = admitted;
    this.#version = context.versionFor(admitted);
    this.#reason = this.#version === admitted.decision.version ? admitted.decision.reason : "unhealthy";
    this.#isStream = admitted.route.stream;
  }

  start(): void {
    this.#context.slab.addVersioned("inFlight", this.#version, 1);
    this.#config.clients[this.#version].acquire(this);
  }

  onConnection(connection: UpstreamConnection): void {
    if (this.#closed) {
      connection.release();
      return;
    }
    const { head, upstreamHeaders } = this.#admitted;
    if (head.hasBody) {
      const { maxBodyBytes } = this.#config.snapshot.limits;
      this.#body = new BodyRelay(this.#request, maxBodyBytes, () => this.#fail(FAILURES.body_too_large));
      // undici may destroy it with an error after it stopped listening; there is nothing left to do then.
      this.#body.on("error", ignore);
      if (head.expectsContinue) this.#response.writeContinue();
    }
    this.#attempt = new Attempt(this, connection);
    try {
      this.#attempt.send({
        path: head.target,
        method: head.method,
        headers: upstreamHeaders,
        body: this.#body,
        // undici closes the connection after HEAD unless told not to.
        reset: false,
      });
    } catch (error) {
      // The guard is there so that this never happens; if it does, one request fails, not the worker.
      this.#attempt = null;
      this.#context.onBug(error);
      this.#fail(FAILURES.internal);
    }
  }

  onNoConnection(reason: "queue_full" | "queue_timeout"): void {
    if (!this.#closed) this.#failAttempt(FAILURES[reason], false);
  }

  onEarlyHints(link: string | string[]): void {
    // HTTP/1.0 knows no interim answers (RFC 9110 §15.2).
    if (this.#request.httpVersionMinor === 0) return;
    try {
      this.#response.writeEarlyHints({ link });
    } catch {
      // A Link that Node will not write. A hint is no part of the answer: it can be left out.
    }
  }

  onAnswerStart(
    attempt: Attempt,
    status: number,
    statusText: string,
    rawHeaders: readonly (Buffer | string)[],
  ): void {
    if (isGatewayFailure(status) && this.#takeRescue()) {
      attempt.abandon();
      this.#rescue("status_5xx");
      return;
    }
    const answer = status <= 599 ? readResponseHeaders(rawHeaders) : FAILURES.upstream_protocol;
    const phrase = readReasonPhrase(status, statusText);
    if ("code" in answer || phrase === null) {
      attempt.abandon();
      this.#failAttempt(FAILURES.upstream_protocol, false);
      return;
    }
    // RFC 9110 §8.6: an upstream that says how long its missing body is, is not quoted.
    const headers = status === 204 ? withoutContentLength(answer.headers) : answer.headers;
    headers.push("x-canary-version", this.#version, "x-request-id", this.#admitted.requestId, "via", VIA);
    if (this.#admitted.issuedCookie !== null) headers.push("set-cookie", this.#admitted.issuedCookie);
    pushDeprecation(headers, this.#admitted.route, this.#admitted.head.target);
    // An answer that comes before the end of the upload: what is left is drained for a moment, then the connection goes.
    const isEarly = this.#admitted.head.hasBody && !this.#request.complete;
    if (this.#context.draining || isEarly) headers.push("connection", "close");
    if (isEarly) this.#response.client?.close();
    try {
      this.#response.writeHead(status, phrase, headers);
    } catch {
      // A header that Node will not write: the upstream's answer is at fault, not the client.
      attempt.abandon();
      this.#failAttempt(FAILURES.upstream_protocol, false);
      return;
    }
    this.#answering = true;
    this.#ttfbMs = performance.now() - this.#admitted.startedMs;
    this.#expectedBytes = answer.contentLength;
    this.#isEventStream = answer.isEventStream;
    this.#isStream ||= answer.isEventStream;
    if (this.#isStream) {
      this.#response.flushHeaders();
      this.#context.longLived.add(this);
    }
    this.#context.onVersionAnswered(this.#version);
    this.#context.onTtfb(this.#ttfbMs, this.#admitted);
    if (status >= 500) this.#context.onVersionFailed(this.#version, "status_5xx", this.#admitted);
  }

  onAnswerData(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    // The last chunk of a known length goes out with `end`, which for most answers makes header and body one write.
    if (this.#bytes === this.#expectedBytes) {
      if (chunk.length === this.#expectedBytes) this.#response.endWhole(chunk);
      else this.#response.end(chunk);
      return true;
    }
    if (this.#response.write(chunk)) return true;
    this.#response.once("drain", () => this.#attempt?.resume());
    return false;
  }

  onAnswerEnd(): void {
    this.#attempt = null;
    if (!this.#response.writableEnded) this.#response.end();
  }

  onAttemptFailed(attempt: Attempt, error: Error): void {
    this.#attempt = null;
    if (this.#response.writableEnded) return;
    const failure = failureOfError(error);
    if (!this.#answering) {
      // Lengths that contradict each other are found before there is an answer to truncate.
      const early = failure === FAILURES.upstream_truncated ? FAILURES.upstream_protocol : failure;
      this.#failAttempt(early, attempt.mayBeStale);
      return;
    }
    // Cut the client's connection: an answer that was cut must not look whole (RFC 9112 §8).
    this.#failure = failure === FAILURES.upstream_body_timeout ? failure : FAILURES.upstream_truncated;
    this.#context.onVersionFailed(this.#version, this.#failure.kind ?? "truncated", this.#admitted);
    this.#response.destroy();
  }

  get version(): Version {
    return this.#version;
  }

  get pinned(): boolean {
    return this.#admitted.route.pin !== null;
  }

  /** Ends a stream: an event stream cleanly, anything else by cutting it, since it must not look whole. */
  close(): void {
    if (this.#response.writableEnded) return;
    this.#attempt?.abandon();
    this.#attempt = null;
    if (this.#isEventStream) this.#response.end();
    else this.#response.destroy();
  }

  cut(): void {
    this.#response.destroy();
  }

  /** The response is through, or its connection is gone. Called once, by the response itself. */
  onResponseClosed(): void {
    this.#closed = true;
    if (this.#isStream) this.#context.longLived.delete(this);
    if (!this.#response.writableFinished) this.#failure ??= FAILURES.client_closed;
    if (this.#attempt !== null) {
      this.#attempt.abandon();
    } else {
      this.#config.clients[this.#version].cancel(this);
    }
    this.#body?.destroy();
    this.#account();
  }

  /** What the client sends as the body is not valid, or has stopped coming. */
  onRequestBroken(failure: Failure): void {
    if (!this.#closed && this.#failure === null && !this.#response.writableEnded) this.#fail(failure);
  }

  /** A version failed this request before the first byte of an answer. */
  #failAttempt(failure: Failure, mayBeStale: boolean): void {
    const { head } = this.#admitted;
    const stale = mayBeStale && failure === FAILURES.upstream_reset;
    if (stale && !this.#retried && !head.hasBody && isIdempotent(head.method)) {
      this.#retried = true;
      this.#context.slab.add("retries", 1);
      this.#config.clients[this.#version].acquire(this);
      return;
    }
    if (failure.retryable && this.#takeRescue()) {
      this.#rescue(failure.kind);
      return;
    }
    if (failure.kind !== null) this.#context.onVersionFailed(this.#version, failure.kind, this.#admitted);
    const { availability } = this.#context;
    const allDown = !availability.isHealthy("v1") && !availability.isHealthy("v2");
    this.#fail(allDown && failure.kind !== null ? FAILURES.unavailable : failure);
  }

  /** Whether v1 may answer instead; takes it out of the budget. */
  #takeRescue(): boolean {
    const { head, route } = this.#admitted;
    if (this.#version !== "v2" || this.#rescued || route.pin !== null || this.#closed) return false;
    if (head.hasBody || !isSafe(head.method) || !this.#context.availability.isHealthy("v1")) return false;
    return this.#context.rescues.spend(performance.now());
  }

  #rescue(kind: Failure["kind"]): void {
    if (kind !== null) this.#context.onVersionFailed("v2", kind, this.#admitted);
    this.#rescued = true;
    this.#attempt = null;
    this.#version = "v1";
    this.#reason = "rescue";
    this.#context.onRescued(this.#admitted);
    const { slab } = this.#context;
    slab.add("rescues", 1);
    slab.addVersioned("inFlight", "v2", -1);
    slab.addVersioned("inFlight", "v1", 1);
    this.#config.clients.v1.acquire(this);
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    this.#attempt?.abandon();
    if (this.#answering) this.#response.destroy();
    else answerFailure(this.#response, this.#request, failure, this.#admitted.requestId, this.#version);
  }

  #account(): void {
    const { slab } = this.#context;
    const { route } = this.#admitted;
    const durationMs = performance.now() - this.#admitted.startedMs;
    const status = this.#failure === FAILURES.client_closed ? 499 : this.#response.statusCode;
    slab.addVersioned("inFlight", this.#version, -1);
    slab.countRequest(this.#version, route.slot, status, this.#reason);
    if (this.#ttfbMs !== null) slab.observeTtfb(this.#version, route.slot, this.#ttfbMs);
    if (!this.#isStream && status !== 499) slab.observeDuration(this.#version, route.slot, durationMs);
    this.#context.logRequest(this.#admitted, {
      status,
      version: this.#version,
      reason: this.#reason,
      bytes: this.#bytes,
      durationMs,
      ttfbMs: this.#ttfbMs,
      failure: this.#failure?.code ?? null,
    });
  }
}

/**
 * RFC 9112 §4: tab, space, visible characters. Bytes beyond ASCII give way to the standard phrase, which no client
 * reads anyway.
 *
 * @returns `null` for control characters
 */
function readReasonPhrase(status: number, text: string): string | null {
  let isPlain = true;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return null;
    if (code > 0x7f) isPlain = false;
  }
  return isPlain ? text : (STATUS_CODES[status] ?? "");
}

function withoutContentLength(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    if (name.toLowerCase() !== "content-length") kept.push(name, headers[i + 1] ?? "");
  }
  return kept;
}

function ignore(): void {}
