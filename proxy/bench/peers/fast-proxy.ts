import { createServer } from "node:http";
import fastProxy from "fast-proxy";
import type { PeerWork } from "./peer-work.ts";

/** It has no WebSocket, and its undici takes one upstream only, so that it runs on Node's own client here. */
export function serveFastProxy(work: PeerWork, port: number): void {
  const forwarder = fastProxy({ cacheURLs: 0, requests: {}, maxSockets: 4096 });
  const server = createServer((request, response) => {
    const startedMs = performance.now();
    const target = work.chooseTarget(request);
    response.on("close", () => work.logAnswered(request, response, target, startedMs));
    forwarder.proxy(request, response, request.url ?? "/", {
      base: target.origin,
      rewriteRequestHeaders: (_request, headers) => ({
        ...headers,
        "x-forwarded-for": target.client,
      }),
    });
  });
  server.listen({ port, host: "127.0.0.1", backlog: 1024 });
}
