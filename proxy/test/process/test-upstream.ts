import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { boundPort } from "../../src/net/bound-port.ts";

/** A well-behaved version to stand behind Serin: says who it is and what it got, as JSON, unless told otherwise. */
export class TestUpstream implements AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** Requests so far, health probes left out. */
  requests = 0;
  healthy = true;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  /** @param handle answers requests; without it, the request is told back */
  static async start(name: string, handle?: RequestListener): Promise<TestUpstream> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const upstream = new TestUpstream(server, boundPort(server));
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === "/health/ready") {
        response.writeHead(upstream.healthy ? 200 : 503).end();
        return;
      }
      upstream.requests += 1;
      if (handle === undefined) tellBack(name, request, response);
      else handle(request, response);
    });
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }
}

/** What the telling-back upstream answers. */
export interface ToldBack {
  readonly version: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
}

function tellBack(version: string, request: IncomingMessage, response: ServerResponse): void {
  let bodyBytes = 0;
  request.on("data", (chunk: Buffer) => {
    bodyBytes += chunk.length;
  });
  request.on("end", () => {
    const { method, url, headers } = request;
    const body = JSON.stringify({ version, method, url, headers, bodyBytes });
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  });
}

/** The config of a Serin in front of two upstreams. */
export function configFor(v1: { readonly url: string }, v2: { readonly url: string }, more = ""): string {
  return `# a test
upstreams:
  v1:
    url: ${v1.url}
  v2:
    url: ${v2.url}
${more}`;
}
