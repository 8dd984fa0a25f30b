/** A plain http-proxy in a process of its own, as its documentation shows it: `node http-proxy-child.ts TARGET_URL`. */
import { createServer } from "node:http";
import httpProxy from "http-proxy";
import { boundPort } from "../../src/net/bound-port.ts";

const proxy = httpProxy.createProxyServer({ target: process.argv[2], ws: true });
proxy.on("error", (_error, _request, response) => {
  if ("writeHead" in response) response.writeHead(502).end();
  else response.end();
});
const server = createServer((request, response) => proxy.web(request, response));
server.on("upgrade", (request, socket, head) => proxy.ws(request, socket, head));
server.listen(0, "127.0.0.1", () => process.stdout.write(`${boundPort(server)}\n`));
