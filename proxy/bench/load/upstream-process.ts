/**
 * The two versions that every peer stands in front of, in one process:
 *
 *     node upstream-process.ts V1_PORT V2_PORT
 *
 * `/small` `/slow` `/large` `/upload` `/stream` are the workloads, `/echo` tells the request back, `/count` tells how
 * many requests both versions have had (itself and health checks left out); a WebSocket's messages come back.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { WebSocketServer } from "ws";
import {
  EVENT_BYTES,
  EVENT_EVERY_MS,
  LARGE_BYTES,
  SLOW_ANSWER_MS,
  SMALL_BODY,
  countingBytes,
} from "../payloads.ts";

const LARGE_BODY = countingBytes(LARGE_BYTES);
const counter = { requests: 0 };
const streams = new Set<ServerResponse>();

// One beat for all streams, so that the upstream's own timers weigh little.
setInterval(() => {
  const stamp = `data: ${process.hrtime.bigint()}`;
  const event = `${stamp.padEnd(EVENT_BYTES - 2, " ")}\n\n`;
  for (const stream of streams) stream.write(event);
}, EVENT_EVERY_MS);

for (const [place, version] of ["v1", "v2"].entries()) {
  const server = createServer((request, response) => answer(version, request, response));
  server.keepAliveTimeout = 120_000;
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on("connection", (socket) => {
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    // A peer that goes away takes its tunnels with it.
    socket.on("error", () => socket.terminate());
  });
  server.listen({ port: Number(process.argv[2 + place]), host: "127.0.0.1", backlog: 4096 });
}

function answer(version: string, request: IncomingMessage, response: ServerResponse): void {
  const { url } = request;
  if (url === "/health/ready") {
    response.end();
    return;
  }
  if (url === "/count") {
    response.end(String(counter.requests));
    return;
  }
  counter.requests += 1;
  response.setHeader("x-version", version);
  switch (url) {
    case "/small":
      send(response, SMALL_BODY);
      break;
    case "/slow":
      setTimeout(() => send(response, SMALL_BODY), SLOW_ANSWER_MS);
      break;
    case "/large":
      response.writeHead(200, {
        "content-type": "application/octet-stream",
        "content-length": LARGE_BYTES,
      });
      response.end(LARGE_BODY);
      break;
    case "/stream":
      // nginx holds events back without this.
      response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
      response.flushHeaders();
      streams.add(response);
      response.once("close", () => streams.delete(response));
      break;
    case "/echo":
    case "/upload":
      takeBody(version, request, response);
      break;
    default:
      response.writeHead(404).end();
  }
}

/** `/upload` only says how long the body was; `/echo` says all there is to know of the request. */
function takeBody(version: string, request: IncomingMessage, response: ServerResponse): void {
  const wantsEcho = request.url === "/echo";
  const digest = createHash("sha256");
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (wantsEcho) digest.update(chunk);
  });
  request.on("end", () => {
    send(
      response,
      JSON.stringify(
        wantsEcho
          ? { version, headers: request.headers, method: request.method, bytes, sha256: digest.digest("hex") }
          : { bytes },
      ),
    );
  });
}

function send(response: ServerResponse, body: string): void {
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
