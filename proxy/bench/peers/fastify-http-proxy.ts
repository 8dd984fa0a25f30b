import httpProxy from "@fastify/http-proxy";
import { fastify } from "fastify";
import type { PeerWork } from "./peer-work.ts";

/** Most connections to each version; the library's default of 128 would queue in the workload with 2,000. */
const CONNECTIONS = 4_096;

export function serveFastifyHttpProxy(work: PeerWork, port: number): void {
  const server = fastify({ logger: false });
  server.register(httpProxy, {
    // Empty: chosen for each request.
    upstream: "",
    websocket: true,
    undici: { connections: CONNECTIONS, pipelining: 1 },
    disableCache: false,
    replyOptions: {
      getUpstream: (request) => work.chooseTarget(request.raw).origin,
      rewriteRequestHeaders: (request, headers) => ({
        ...headers,
        "x-forwarded-for": request.ip,
      }),
    },
  });
  server.addHook("onRequest", (request, reply, done) => {
    const startedMs = performance.now();
    const target = work.chooseTarget(request.raw);
    reply.raw.once("close", () => work.logAnswered(request.raw, reply.raw, target, startedMs));
    done();
  });
  server.listen({ port, host: "127.0.0.1", backlog: 1024 }).catch((error: unknown) => {
    throw error;
  });
}
