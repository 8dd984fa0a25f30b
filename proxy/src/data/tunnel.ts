import { STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import type { Version } from "../config/snapshot.ts";
import type { ActiveConfig } from "./active-config.ts";
import { answerOnSocket } from "./answer.ts";
import { closeGently } from "./client-connection.ts";
import type { Admitted } from "./exchange.ts";
import { FAILURES, failureOfError } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { VIA, readResponseHeaders } from "./headers.ts";
import type { LongLived } from "./long-lived.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Opens a WebSocket tunnel: the handshake goes to the version by undici's `upgrade`, then bytes flow both ways. */
export function openTunnel(
  context: WorkerContext,
  config: ActiveConfig,
  admitted: Admitted,
  client: Duplex,
  early: Buffer,
): void {
  new Tunnel(context, config, admitted, client).start(early);
}

/** Ended by Serin itself; never shown, never counted as the upstream's failure. */
class Abandoned extends Error {
  readonly code = "SERIN_ABANDONED";
}

/**
 * One tunnel, from the handshake to the end of both sockets. Either side may close its half and go on listening; the
 * silence of both is bounded. Whatever ends it, both sockets are freed and it is accounted once.
 */
class Tunnel implements Dispatcher.DispatchHandler, LongLived {
  readonly version: Version;
  readonly pinned: boolean;
  readonly #context: WorkerContext;
  readonly #config: ActiveConfig;
  readonly #admitted: Admitted;
  readonly #client: Duplex;
  /** The status that the client got; 0 before. */
  #status = 0;
  #failure: Failure | null = null;
  #ending = false;
  #closed = false;
  #controller: Dispatcher.DispatchController | null = null;
  #endHandshake: (() => void) | null = null;
  #upstream: Duplex | null = null;

  constructor(context: WorkerContext, config: ActiveConfig, admitted: Admitted, client: Duplex) {
    this.#context = context;
    this.#config = config;
    this.#admitted = admitted;
    this.#client = client;
    this.version = context.versionFor(admitted);
    this.pinned = admitted.route.pin !== null;
  }

  /** @param early what the client sent right behind its handshake */
  start(early: Buffer): void {
    const client = this.#client;
    client.on("error", () => client.destroy());
    client.on("close", () => this.#onClosed());
    // The server's idle limit is for requests; a tunnel has its own.
    if (client instanceof Socket) client.setTimeout(0);
    if (early.length > 0) client.unshift(early);
    this.#context.slab.addVersioned("inFlight", this.version, 1);
    this.#context.longLived.add(this);
    const { head, upstreamHeaders } = this.#admitted;
    try {
      const request = { path: head.target, headers: upstreamHeaders };
      this.#endHandshake = this.#config.clients[this.version].openTunnel(request, this);
    } catch (error) {
      this.#context.onBug(error);
      this.#fail(FAILURES.internal);
    }
  }

  /** Ends an open tunnel: the client sees its end, after what is already on its way. */
  close(): void {
    const client = this.#client;
    const upstream = this.#upstream;
    if (upstream === null || this.#ending) return;
    this.#ending = true;
    client.unpipe(upstream);
    upstream.unpipe(client);
    closeGently(upstream);
    closeGently(client);
  }

  cut(): void {
    this.#client.destroy();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#closed) controller.abort(new Abandoned());
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    upstream: Duplex,
  ): void {
    upstream.on("error", () => upstream.destroy());
    const raw = controller.rawHeaders;
    const answer = readResponseHeaders(Array.isArray(raw) ? raw : []);
    const protocol = headers["upgrade"];
    if (this.#closed || "code" in answer || !isWebSocket(protocol)) {
      upstream.destroy();
      if (!this.#closed) this.#failUpstream(FAILURES.upstream_protocol);
      return;
    }
    this.#status = status;
    this.#upstream = upstream;
    this.#context.onVersionAnswered(this.version);
    this.#context.slab.addVersioned("tunnels", this.version, 1);
    const client = this.#client;
    client.write(
      this.#renderHead(status, [...answer.headers, "connection", "Upgrade", "upgrade", "websocket"]),
    );
    // Every byte of either direction passes this socket, so its silence is the tunnel's.
    if (upstream instanceof Socket)
      upstream.setTimeout(this.#config.snapshot.limits.tunnelIdleTimeoutMs, () => this.close());
    upstream.on("close", () => {
      // An orderly end has been piped on already and may still be on its way; anything else is a reset, passed on.
      if (upstream.readableEnded || this.#ending) closeGently(client);
      else client.destroy();
    });
    client.pipe(upstream);
    upstream.pipe(client);
  }

  /** The upstream refused the upgrade: its answer is relayed, then the connection closes. */
  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200 || this.#closed) return;
    const raw = controller.rawHeaders;
    const answer = readResponseHeaders(Array.isArray(raw) ? raw : []);
    if ("code" in answer || status > 599) {
      this.#failUpstream(FAILURES.upstream_protocol);
      return;
    }
    this.#status = status;
    this.#context.onVersionAnswered(this.version);
    if (status >= 500) this.#context.onVersionFailed(this.version, "status_5xx", this.#admitted);
    this.#client.write(this.#renderHead(status, [...answer.headers, "connection", "close"]));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#closed || this.#client.write(chunk)) return;
    controller.pause();
    this.#client.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    closeGently(this.#client);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#closed || error instanceof Abandoned) return;
    this.#failUpstream(failureOfError(error));
  }

  #failUpstream(failure: Failure): void {
    if (failure.kind !== null) this.#context.onVersionFailed(this.version, failure.kind, this.#admitted);
    this.#fail(failure);
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    if (this.#status === 0) {
      this.#status = failure.status;
      answerOnSocket(this.#client, failure, undefined, this.#admitted.requestId);
    } else {
      // Part of a refusal has gone out; cut, it must not look whole.
      this.#client.destroy();
    }
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { slab, longLived } = this.#context;
    longLived.delete(this);
    slab.addVersioned("inFlight", this.version, -1);
    let bytes = 0;
    if (this.#upstream !== null) {
      slab.addVersioned("tunnels", this.version, -1);
      if (this.#upstream instanceof Socket) bytes = this.#upstream.bytesRead;
      this.#upstream.destroy();
    }
    this.#controller?.abort(new Abandoned());
    this.#endHandshake?.();
    const status = this.#status === 0 ? FAILURES.client_closed.status : this.#status;
    const { decision, route, startedMs } = this.#admitted;
    const reason = this.version === decision.version ? decision.reason : "unhealthy";
    slab.countRequest(this.version, route.slot, status, reason);
    this.#context.logRequest(this.#admitted, {
      status,
      version: this.version,
      reason,
      bytes,
      durationMs: performance.now() - startedMs,
      ttfbMs: null,
      failure: this.#failure?.code ?? null,
    });
  }

  #renderHead(status: number, headers: readonly string[]): Buffer {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    head += `x-canary-version: ${this.version}\r\nx-request-id: ${this.#admitted.requestId}\r\nvia: ${VIA}\r\n\r\n`;
    // One byte per character: that is how the upstream's own bytes got in.
    return Buffer.from(head, "latin1");
  }
}

function isWebSocket(protocol: string | string[] | undefined): boolean {
  return typeof protocol === "string" && protocol.toLowerCase() === "websocket";
}
