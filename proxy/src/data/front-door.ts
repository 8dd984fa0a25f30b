import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { admitRequest } from "./admit.ts";
import { answerAboutSerin } from "./answer-about-serin.ts";
import { answerFailure, answerOnSocket } from "./answer.ts";
import type { CanaryResponse } from "./canary-response.ts";
import { plainAddress } from "./client-address.ts";
import { ClientConnection } from "./client-connection.ts";
import { Exchange } from "./exchange.ts";
import { FAILURES } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { guardRequest } from "./guard.ts";
import type { RequestHead } from "./guard.ts";
import { isLoop } from "./headers.ts";
import { openTunnel } from "./tunnel.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Time in which a connection that is one too many may send its request and be told so. */
const EXCESS_MS = 1_000;
/** Characters of a refused target that are logged. */
const LOGGED_TARGET_CHARACTERS = 512;

/**
 * Where clients come in: lets connections in up to the bounds, has the guard look at every request, refuses what it
 * refuses, and hands the rest on to an exchange or a tunnel.
 */
export class FrontDoor {
  /** Connections over the bound that are still told so. */
  static readonly EXCESS_CONNECTIONS = 64;

  readonly #context: WorkerContext;
  readonly #connections = new WeakMap<Duplex, ClientConnection>();
  readonly #perAddress = new Map<string, number>();
  #open = 0;

  constructor(context: WorkerContext) {
    this.#context = context;
  }

  onConnection(socket: Socket): void {
    const { slab, config } = this.#context;
    const { limits } = config.snapshot;
    const address = plainAddress(socket.remoteAddress ?? "");
    const fromAddress = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, fromAddress);
    this.#open += 1;
    slab.add("connections", 1);
    // A load balancer's address stands for all its clients.
    const perAddressBound = limits.maxConnectionsPerClient;
    const tooMany =
      this.#open > this.#context.maxConnections ||
      (perAddressBound > 0 && fromAddress > perAddressBound && !config.trusted.has(address));
    const connection = new ClientConnection(socket, tooMany, (failure) => {
      this.#refuseOnSocket(null, socket, failure);
    });
    this.#connections.set(socket, connection);
    if (tooMany) {
      slab.add("connectionsDropped", 1);
      socket.setTimeout(EXCESS_MS);
    }
    socket.once("close", () => {
      slab.add("connections", -1);
      this.#open -= 1;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
  }

  onRequest(request: IncomingMessage, response: CanaryResponse): void {
    const startedMs = performance.now();
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.closing) {
      // It came behind a request that closes the connection: nobody will read an answer.
      request.resume();
      return;
    }
    connection.onRequest(response);
    const head = this.#inspect(request, connection);
    if ("code" in head) {
      this.#refuse(request, response, head);
    } else if (head.endsHere) {
      this.#context.slab.countRequest("none", 0, answerAboutSerin(request, response, head), "rejected");
    } else {
      this.#exchange(request, response, head, startedMs);
    }
  }

  onUpgrade(request: IncomingMessage, socket: Duplex, early: Buffer): void {
    const startedMs = performance.now();
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.closing) {
      socket.destroy();
      return;
    }
    const head = this.#inspect(request, connection);
    if ("code" in head) {
      this.refuseUpgrade(request, socket, head);
    } else if (head.upgrade !== "websocket" || head.method !== "GET" || connection.owesAnswer) {
      this.refuseUpgrade(request, socket, FAILURES.bad_upgrade);
    } else {
      const { config } = this.#context;
      openTunnel(
        this.#context,
        config,
        admitRequest(this.#context, config, request, head, startedMs),
        socket,
        early,
      );
    }
  }

  /** Refuses what is no ordinary request: CONNECT, or an upgrade. Node has let go of the socket. */
  refuseUpgrade(request: IncomingMessage, socket: Duplex, failure: Failure): void {
    socket.on("error", () => socket.destroy());
    const connection = this.#connections.get(request.socket);
    // Behind answers that are still owed it has to wait its turn.
    if (connection?.owesAnswer === true) connection.onFault(failure);
    else if (connection?.closing !== false) socket.destroy();
    else {
      connection.close();
      this.#refuseOnSocket(request, socket, failure);
    }
  }

  /** What a connection sends cannot be read as HTTP. */
  onFault(socket: Socket, failure: Failure): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) socket.destroy();
    else connection.onFault(failure);
  }

  /**
   * A connection was silent for the limit. One that waits for its upstream is let be: the upstream's own timeouts
   * govern. One whose client neither sends the body it owes nor reads what it asked for is ended.
   */
  onIdle(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection?.owesBody === true && !connection.closing) {
      connection.onFault(FAILURES.request_timeout);
    } else if (connection?.owesAnswer !== true || socket.writableLength > 0 || socket.readableEnded) {
      socket.destroy();
    } else {
      socket.setTimeout(socket.timeout ?? 0);
    }
  }

  #inspect(request: IncomingMessage, connection: ClientConnection): RequestHead | Failure {
    if (connection.excess) return FAILURES.overloaded;
    const { config } = this.#context;
    const head = guardRequest(
      request.method ?? "",
      request.url ?? "",
      request.httpVersionMajor,
      request.httpVersionMinor,
      request.rawHeaders,
      config.snapshot.limits,
      config.identityNames,
    );
    return "code" in head || !isLoop(head) ? head : FAILURES.loop;
  }

  #exchange(request: IncomingMessage, response: CanaryResponse, head: RequestHead, startedMs: number): void {
    const context = this.#context;
    const { config } = context;
    const admitted = admitRequest(context, config, request, head, startedMs);
    context.rescues.earn();
    const exchange = new Exchange(context, config, request, response, admitted);
    response.owner = exchange;
    exchange.start();
  }

  #refuse(request: IncomingMessage, response: CanaryResponse, failure: Failure): void {
    const requestId = randomUUID();
    answerFailure(response, request, failure, requestId, null);
    this.#account(request, request.socket, failure, requestId);
  }

  #refuseOnSocket(request: IncomingMessage | null, socket: Duplex, failure: Failure): void {
    const requestId = randomUUID();
    const peer = this.#connections.get(socket)?.socket ?? request?.socket ?? null;
    // Accounted first: an answer on a socket may close it, and with it go the addresses.
    this.#account(request, peer, failure, requestId);
    answerOnSocket(socket, failure, undefined, requestId);
  }

  #account(request: IncomingMessage | null, peer: Socket | null, failure: Failure, requestId: string): void {
    const { slab, config, accessLog } = this.#context;
    slab.countRequest("none", 0, failure.status, "rejected");
    if (!config.snapshot.accessLog) return;
    const target = request?.url ?? "";
    const query = target.indexOf("?");
    accessLog.write({
      id: requestId,
      client: plainAddress(peer?.remoteAddress ?? ""),
      method: request?.method ?? "",
      path: target.slice(0, Math.min(query === -1 ? target.length : query, LOGGED_TARGET_CHARACTERS)),
      host: request?.headers.host ?? "",
      route: "other",
      status: failure.status,
      version: "none",
      reason: "rejected",
      assignment: null,
      point: null,
      bytes: 0,
      durationMs: 0,
      ttfbMs: null,
      agent: request?.headers["user-agent"] ?? "",
      failure: failure.code,
    });
  }
}
