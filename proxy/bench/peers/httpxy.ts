import { createServer } from "node:http";
import { Socket } from "node:net";
import { createProxyServer } from "httpxy";
import type { PeerWork } from "./peer-work.ts";

export function serveHttpxy(work: PeerWork, port: number): void {
  const proxy = createProxyServer({ agent: work.agent, xfwd: true });
  proxy.on("error", (_error, _request, answer) => answer?.destroy());
  const server = createServer((request, response) => {
    const startedMs = performance.now();
    const target = work.chooseTarget(request);
    response.on("close", () => work.logAnswered(request, response, target, startedMs));
    proxy.web(request, response, { target: target.origin }).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => {
    if (!(socket instanceof Socket)) throw new TypeError("a plain server's sockets are sockets");
    proxy
      .ws(request, socket, { target: work.chooseTarget(request).origin }, head)
      .catch(() => socket.destroy());
  });
  server.listen({ port, host: "127.0.0.1", backlog: 1024 });
}
