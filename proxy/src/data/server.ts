import { STATUS_CODES, createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { Version } from "../config/snapshot.ts";
import type { Reason } from "../split/decide.ts";
import { admitRequest } from "./admit.ts";
import { answerFailure, answerOnSocket } from "./answer.ts";
import { CanaryResponse } from "./canary-response.ts";
import { Exchange } from "./exchange.ts";
import { FAILURES, failureOfParserError } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { guardRequest } from "./guard.ts";
import { isLoop } from "./headers.ts";
import { openTunnel } from "./tunnel.ts";
import type { WorkerContext } from "./worker-context.ts";

/** How often Node looks for connections whose header is late. */
const CONNECTION_CHECK_MS = 1_000;

/**
 * The public listener of one worker: Node's HTTP server with every lenient setting off, in front of the guard.
 * Limits that Node takes at creation (header size and deadline, connections) hold from the worker's start.
 */
export function createProxyServer(context: WorkerContext): Server {
  const { limits } = context.config.snapshot;
  const server = createServer({
    ServerResponse: CanaryResponse,
    insecureHTTPParser: false,
    // The guard answers a missing Host itself, so that the refusal is counted and logged.
    requireHostHeader: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    // A slow upload that moves may take as long as it likes; `timeout` below ends one that does not.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: CONNECTION_CHECK_MS,
    noDelay: true,
    // Anything but a WebSocket handshake is an ordinary request whose Upgrade header is dropped.
    shouldUpgradeCallback: isWebSocketHandshake,
  });
  // 0: Node must not silently cut the header list; the guard refuses long ones.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.maxConnections;
  server.timeout = limits.requestTimeoutMs;

  const onRequest = (request: IncomingMessage, response: CanaryResponse): void => {
    handleRequest(context, request, response);
  };
  server.on("request", onRequest);
  // With a listener, Node leaves "100 Continue" to us: it is sent once the upstream is there to take the body.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", (request: IncomingMessage, response: CanaryResponse) => {
    refuse(context, request, response, FAILURES.expectation_failed);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, early: Buffer) => {
    handleUpgrade(context, request, socket, early);
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    refuseOnSocket(context, socket, FAILURES.method_not_allowed);
  });
  server.on("clientError", (error: Error, socket: Duplex) => {
    if ("code" in error && error.code === "ECONNRESET") socket.destroy();
    else refuseOnSocket(context, socket, failureOfParserError(error));
  });
  server.on("connection", (socket: Socket) => {
    context.slab.add("connections", 1);
    socket.once("close", () => context.slab.add("connections", -1));
  });
  server.on("drop", () => context.slab.add("connectionsDropped", 1));
  server.on("timeout", onIdleSocket);
  return server;
}

function isWebSocketHandshake(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * A connection was silent for the limit. One that waits for its upstream is let be: the upstream's own timeouts
 * govern. One whose client neither sends the body it owes nor reads what it asked for is ended.
 */
function onIdleSocket(socket: Socket): void {
  const waitsForUpstream = socket.writableLength === 0 && !socket.isPaused();
  if (!waitsForUpstream) socket.destroy();
}

function handleRequest(context: WorkerContext, request: IncomingMessage, response: CanaryResponse): void {
  const startedMs = performance.now();
  const { config } = context;
  const head = guardRequest(
    request.method ?? "",
    request.url ?? "",
    request.httpVersionMinor,
    request.rawHeaders,
    config.snapshot.limits,
    config.identityNames,
  );
  if ("code" in head) {
    refuse(context, request, response, head);
    return;
  }
  if (isLoop(head)) {
    refuse(context, request, response, FAILURES.loop);
    return;
  }
  if (head.target === "*") {
    context.slab.countRequest("none", 0, 204, "rejected");
    response.writeHead(204, { allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" }).end();
    return;
  }
  const admitted = admitRequest(context, config, request, head, startedMs);
  context.rescues.earn();
  const { decision } = admitted;
  let version: Version = decision.version;
  let reason: Reason = decision.reason;
  if (version === "v2" && !context.healthy.v2 && admitted.route.pin === null) {
    version = "v1";
    reason = "unhealthy";
  }
  const exchange = new Exchange(context, config, request, response, admitted, version, reason);
  response.owner = exchange;
  exchange.start();
}

function handleUpgrade(
  context: WorkerContext,
  request: IncomingMessage,
  socket: Duplex,
  early: Buffer,
): void {
  const startedMs = performance.now();
  const { config } = context;
  const head = guardRequest(
    request.method ?? "",
    request.url ?? "",
    request.httpVersionMinor,
    request.rawHeaders,
    config.snapshot.limits,
    config.identityNames,
  );
  if ("code" in head) {
    refuseOnSocket(context, socket, head);
  } else if (head.upgrade !== "websocket" || head.method !== "GET") {
    refuseOnSocket(context, socket, FAILURES.bad_request);
  } else if (isLoop(head)) {
    refuseOnSocket(context, socket, FAILURES.loop);
  } else {
    openTunnel(context, config, admitRequest(context, config, request, head, startedMs), socket, early);
  }
}

function refuse(
  context: WorkerContext,
  request: IncomingMessage,
  response: CanaryResponse,
  failure: Failure,
): void {
  context.slab.countRequest("none", 0, failure.status, "rejected");
  answerFailure(response, request, failure, null, null);
}

function refuseOnSocket(context: WorkerContext, socket: Duplex, failure: Failure): void {
  context.slab.countRequest("none", 0, failure.status, "rejected");
  answerOnSocket(socket, failure, STATUS_CODES[failure.status] ?? "Error");
}
