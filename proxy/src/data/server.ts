import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { CanaryResponse } from "./canary-response.ts";
import { FAILURES, failureOfParserError } from "./failure.ts";
import { FrontDoor } from "./front-door.ts";
import type { ListenerTls } from "./messages.ts";
import { expectProxyHeaders } from "./proxy-protocol.ts";
import type { WorkerContext } from "./worker-context.ts";

/** How often Node looks for connections whose header is late. */
const CONNECTION_CHECK_MS = 1_000;

export interface ListenerOptions {
  readonly tls: ListenerTls | null;
  readonly proxyProtocol: boolean;
}

/**
 * The public listener of one worker: Node's HTTP server with every lenient setting off, in front of the guard.
 * Limits that Node takes at creation (header size and deadline, connections) hold from the worker's start.
 */
export function createProxyServer(context: WorkerContext, listener: ListenerOptions): Server {
  const { limits } = context.config.snapshot;
  const { tls } = listener;
  const options = {
    ServerResponse: CanaryResponse,
    insecureHTTPParser: false,
    // The guard answers a missing Host itself, so that the refusal is counted and logged.
    requireHostHeader: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    // A slow upload that moves may take as long as it likes; `timeout` below ends one that does not.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(CONNECTION_CHECK_MS, limits.headersTimeoutMs),
    noDelay: true,
    // Anything but a WebSocket handshake is an ordinary request whose Upgrade header is dropped.
    shouldUpgradeCallback: isWebSocketHandshake,
  };
  const server: Server =
    tls === null
      ? createServer(options)
      : createTlsServer({
          ...options,
          ...tls,
          ALPNProtocols: ["http/1.1"],
          handshakeTimeout: limits.headersTimeoutMs,
        });
  // 0: Node must not silently cut the header list; the guard refuses long ones.
  server.maxHeadersCount = 0;
  // Those within the bound are served, a few more are told that there are too many, the rest is dropped.
  server.maxConnections = context.maxConnections + FrontDoor.EXCESS_CONNECTIONS;
  server.timeout = limits.idleTimeoutMs;
  // A client that has said all it has to say may close its half and still read the answer (RFC 9112 §9.6). Node has the
  // setting without documenting it; the test for half-closed clients holds it to it.
  Reflect.set(server, "httpAllowHalfOpen", true);

  const door = new FrontDoor(context);
  const onRequest = (request: IncomingMessage, response: CanaryResponse): void => {
    door.onRequest(request, response);
  };
  server.on("request", onRequest);
  // With listeners, Node leaves "100 Continue" to us: it is sent once the upstream is there to take the body; and
  // other expectations to the guard.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, early: Buffer) => {
    door.onUpgrade(request, socket, early);
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    door.refuseUpgrade(request, socket, FAILURES.method_not_allowed);
  });
  server.on("clientError", (error: Error, socket: Socket) => {
    const failure = failureOfParserError(error);
    // Without one, the socket itself failed: nobody is there to read an answer.
    if (failure === null) socket.destroy();
    else door.onFault(socket, failure);
  });
  server.on(tls === null ? "connection" : "secureConnection", (socket: Socket) => door.onConnection(socket));
  server.on("drop", () => context.slab.add("connectionsDropped", 1));
  server.on("timeout", (socket: Socket) => door.onIdle(socket));
  if (listener.proxyProtocol) {
    expectProxyHeaders(server, {
      isTrusted: (address) => context.config.trusted.has(address),
      timeoutMs: limits.headersTimeoutMs,
    });
  }
  return server;
}

function isWebSocketHandshake(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}
