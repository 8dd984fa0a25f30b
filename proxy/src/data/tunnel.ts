import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import { Client } from "undici";
import type { Version } from "../config/snapshot.ts";
import type { ActiveConfig } from "./active-config.ts";
import { answerOnSocket } from "./answer.ts";
import type { Admitted } from "./exchange.ts";
import { failureOfError } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { readResponseHeaders } from "./headers.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Opens a WebSocket tunnel: the handshake goes to the version by undici's `upgrade`, then bytes flow both ways. */
export function openTunnel(
  context: WorkerContext,
  config: ActiveConfig,
  admitted: Admitted,
  client: Duplex,
  early: Buffer,
): void {
  const { decision, route } = admitted;
  const divert = decision.version === "v2" && !context.healthy.v2 && route.pin === null;
  const version = divert ? "v1" : decision.version;
  const settings = config.snapshot.upstreams[version];
  // A connection of its own: it ends with the tunnel, so it is no part of the pool.
  const upstream = new Client(settings.origin, {
    pipelining: 1,
    allowH2: false,
    headersTimeout: settings.headersTimeoutMs,
    bodyTimeout: settings.bodyTimeoutMs,
    connect: { timeout: settings.connectTimeoutMs },
  });
  const tunnel = new Tunnel(context, admitted, version, divert, client, early, upstream);
  tunnel.start();
}

class Tunnel implements Dispatcher.DispatchHandler {
  readonly #context: WorkerContext;
  readonly #admitted: Admitted;
  readonly #version: Version;
  readonly #diverted: boolean;
  readonly #client: Duplex;
  readonly #early: Buffer;
  readonly #upstream: Client;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #failure: Failure | null = null;
  #closed = false;
  #upstreamSocket: Duplex | null = null;

  constructor(
    context: WorkerContext,
    admitted: Admitted,
    version: Version,
    diverted: boolean,
    client: Duplex,
    early: Buffer,
    upstream: Client,
  ) {
    this.#context = context;
    this.#admitted = admitted;
    this.#version = version;
    this.#diverted = diverted;
    this.#client = client;
    this.#early = early;
    this.#upstream = upstream;
  }

  start(): void {
    const client = this.#client;
    client.on("error", () => client.destroy());
    client.on("close", () => this.#close());
    if (this.#early.length > 0) client.unshift(this.#early);
    this.#upstream.dispatch(
      {
        path: this.#admitted.head.target,
        method: "GET",
        headers: this.#admitted.upstreamHeaders,
        upgrade: "websocket",
      },
      this,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#closed) controller.abort(new Error("client gone"));
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    upstream: Duplex,
  ): void {
    this.#status = status;
    this.#upstreamSocket = upstream;
    const client = this.#client;
    upstream.on("error", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    const raw = controller.rawHeaders;
    const answer = readResponseHeaders(Array.isArray(raw) ? raw : []);
    if (this.#closed || "code" in answer) {
      upstream.destroy();
      return;
    }
    client.write(
      renderHead(status, STATUS_CODES[status] ?? "Switching Protocols", [
        ...answer.headers,
        "connection",
        "Upgrade",
        "upgrade",
        "websocket",
        "x-canary-version",
        this.#version,
        "x-request-id",
        this.#admitted.requestId,
      ]),
    );
    this.#context.slab.addVersioned("tunnels", this.#version, 1);
    client.pipe(upstream);
    upstream.pipe(client);
  }

  /** The upstream refused the upgrade: its answer is relayed, then the connection closes. */
  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    this.#status = status;
    const raw = controller.rawHeaders;
    const answer = readResponseHeaders(Array.isArray(raw) ? raw : []);
    if ("code" in answer) {
      this.#fail(answer);
      return;
    }
    this.#client.write(
      renderHead(status, STATUS_CODES[status] ?? "", [
        ...answer.headers,
        "connection",
        "close",
        "x-canary-version",
        this.#version,
        "x-request-id",
        this.#admitted.requestId,
      ]),
    );
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#client.write(chunk)) return;
    controller.pause();
    this.#client.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#client.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#closed) return;
    const failure = failureOfError(error);
    if (failure.kind !== null) this.#context.onVersionFailed(this.#version, failure.kind, this.#admitted);
    this.#fail(failure);
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    if (this.#status === 0) {
      this.#status = failure.status;
      answerOnSocket(this.#client, failure, STATUS_CODES[failure.status] ?? "Error");
    } else {
      this.#client.destroy();
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { slab } = this.#context;
    if (this.#upstreamSocket !== null) {
      this.#upstreamSocket.destroy();
      if (this.#status === 101) slab.addVersioned("tunnels", this.#version, -1);
    }
    this.#controller?.abort(new Error("client gone"));
    this.#upstream.destroy().catch(() => undefined);
    const status = this.#status === 0 ? 499 : this.#status;
    const reason = this.#diverted ? "unhealthy" : this.#admitted.decision.reason;
    slab.countRequest(this.#version, this.#admitted.route.slot, status, reason);
    this.#context.logRequest(this.#admitted, {
      status,
      version: this.#version,
      reason,
      bytes: 0,
      durationMs: performance.now() - this.#admitted.startedMs,
      ttfbMs: null,
      failure: this.#failure?.code ?? null,
    });
  }
}

function renderHead(status: number, reason: string, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}\r\n`;
}
