import { Agent, request } from "node:http";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A client that sends paths, headers and bodies as they are given, where `fetch` would mend or refuse them. */
export interface RawClient {
  send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | readonly string[]>>,
    body?: string | Buffer,
  ): Promise<RawAnswer>;
  close(): void;
}

const timeoutMs = 30_000;

export function createRawClient(baseUrl: string): RawClient {
  const { hostname, port } = new URL(baseUrl);
  const agent = new Agent({ keepAlive: true });
  return {
    send: (method, path, headers, body) =>
      new Promise((resolve, reject) => {
        const sizeBytes = body === undefined ? undefined : Buffer.byteLength(body);
        const isChunked = Object.keys(headers).includes("transfer-encoding");
        const outgoing: OutgoingHttpHeaders = {};
        for (const [name, value] of Object.entries(headers)) {
          outgoing[name] = typeof value === "string" ? value : [...value];
        }
        if (sizeBytes !== undefined && !isChunked) outgoing["content-length"] = String(sizeBytes);
        const sent = request({ hostname, port, method, path, headers: outgoing, agent, timeout: timeoutMs });
        let answered = false;
        sent.once("response", (response) => {
          answered = true;
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        });
        sent.once("timeout", () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
        // A server that refuses a body may close before it has read it all; its answer counts.
        sent.on("error", (error) => {
          if (!answered) reject(error);
        });
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}
