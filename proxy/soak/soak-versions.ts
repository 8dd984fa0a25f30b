import type { RequestListener } from "node:http";
import { WebSocketServer } from "ws";
import { TestUpstream } from "../test/process/test-upstream.ts";

/** Bytes of one download. */
export const DOWNLOAD_BYTES = 512 * 1024;

const EVENTS = 10;
const EVENT_EVERY_MS = 200;
const DOWNLOAD = Buffer.alloc(DOWNLOAD_BYTES, "d");

/** A version of a service with uploads, downloads, events and tunnels; below `/fault/` it misbehaves if it is faulty. */
export async function startSoakVersion(name: string, faulty: boolean): Promise<TestUpstream> {
  const upstream = await TestUpstream.start(name, answer(faulty));
  // Longer than Serin keeps its connections: whatever breaks, breaks by one of the faults below.
  upstream.server.keepAliveTimeout = 60_000;
  const tunnels = new WebSocketServer({ server: upstream.server });
  tunnels.on("connection", (tunnel) => {
    tunnel.on("error", () => tunnel.terminate());
    tunnel.on("message", (message) => tunnel.send(message));
  });
  return upstream;
}

function answer(faulty: boolean): RequestListener {
  return (request, response) => {
    const [, kind = "", fault = ""] = (request.url ?? "").split("/");
    response.on("error", () => response.destroy());
    request.on("error", () => response.destroy());
    request.resume();
    if (kind === "fault" && faulty) {
      if (fault === "reset") request.socket.resetAndDestroy();
      else if (fault === "error") response.writeHead(503).end("v2 is ill");
      else if (fault === "truncated") {
        response.writeHead(200, { "content-length": 1000 });
        response.write("half", () => request.socket.destroy());
      }
      // What is left is "hang": no answer at all, until Serin's deadline.
      return;
    }
    if (kind === "download") {
      response.writeHead(200, { "content-length": DOWNLOAD_BYTES }).end(DOWNLOAD);
      return;
    }
    if (kind === "events") {
      sendEvents(response);
      return;
    }
    request.on("end", () => response.end("ok"));
  };
}

function sendEvents(response: Parameters<RequestListener>[1]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    response.write(`data: ${sent}\n\n`);
    if (sent === EVENTS) response.end();
  }, EVENT_EVERY_MS);
  response.on("close", () => clearInterval(timer));
}
