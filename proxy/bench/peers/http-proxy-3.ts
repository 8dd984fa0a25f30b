import { createServer } from "node:http";
import { createProxyServer } from "http-proxy-3";
import type { PeerWork } from "./peer-work.ts";

export function serveHttpProxy3(work: PeerWork, port: number): void {
  const proxy = createProxyServer({ agent: work.agent, xfwd: true });
  proxy.on("error", (_error, _request, answer) => answer.destroy());
  const server = createServer((request, response) => {
    const startedMs = performance.now();
    const target = work.chooseTarget(request);
    response.on("close", () => work.logAnswered(request, response, target, startedMs));
    proxy.web(request, response, { target: target.origin });
  });
  server.on("upgrade", (request, socket, head) => {
    proxy.ws(request, socket, head, { target: work.chooseTarget(request).origin });
  });
  server.listen({ port, host: "127.0.0.1", backlog: 1024 });
}
