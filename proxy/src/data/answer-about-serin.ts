import type { IncomingMessage } from "node:http";
import { ALLOWED_METHODS } from "./answer.ts";
import type { CanaryResponse } from "./canary-response.ts";
import type { RequestHead } from "./guard.ts";

/** Header lines that a TRACE answer shows. Others may hold what only the client and the service should see. */
const TRACED: ReadonlySet<string> = new Set(["host", "max-forwards", "via", "user-agent"]);

/**
 * Answers a request that is about Serin itself: `OPTIONS *`, and OPTIONS or TRACE whose Max-Forwards is used up
 * (RFC 9110 §7.6.2).
 *
 * @returns the status
 */
export function answerAboutSerin(
  request: IncomingMessage,
  response: CanaryResponse,
  head: RequestHead,
): number {
  if (head.method !== "TRACE") {
    response.writeHead(204, ["allow", ALLOWED_METHODS]).end();
    return 204;
  }
  const { method, url, httpVersion, rawHeaders } = request;
  let echo = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    if (TRACED.has(name.toLowerCase())) echo += `${name}: ${rawHeaders[i + 1]}\r\n`;
  }
  const body = Buffer.from(`${echo}\r\n`, "latin1");
  response.writeHead(200, ["content-type", "message/http", "content-length", String(body.length)]).end(body);
  return 200;
}
