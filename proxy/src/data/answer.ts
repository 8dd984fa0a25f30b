import { STATUS_CODES } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { prefersText } from "./accept.ts";
import type { CanaryResponse } from "./canary-response.ts";
import { closeGently } from "./client-connection.ts";
import type { Failure } from "./failure.ts";

/** Seconds after which a client may try again when Serin or a version is overloaded. */
const RETRY_AFTER_SECONDS = "1";
/** What Serin carries; the answer to OPTIONS about Serin itself, and to methods that it does not carry. */
export const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** An answer of Serin's own, without the connection's part. */
interface OwnAnswer {
  readonly headers: readonly string[];
  readonly body: string;
}

/** Renders a failure for the client: small JSON, or a line of text for who asks for that. Nothing internal. */
function renderFailure(failure: Failure, requestId: string | null, asText: boolean): OwnAnswer {
  const { code, message } = failure;
  const body = asText
    ? `${message} (${code}${requestId === null ? "" : `, request ${requestId}`})\n`
    : `${JSON.stringify({ error: { code, message, request_id: requestId } })}\n`;
  const headers = [
    "content-type",
    asText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8",
    "content-length",
    String(Buffer.byteLength(body)),
    "cache-control",
    "no-store",
  ];
  if (requestId !== null) headers.push("x-request-id", requestId);
  if (failure.status === 503) headers.push("retry-after", RETRY_AFTER_SECONDS);
  if (failure.status === 405) headers.push("allow", ALLOWED_METHODS);
  return { headers, body };
}

/** Answers for a version, or in place of one. The connection closes when the request was not read to its end. */
export function answerFailure(
  response: CanaryResponse,
  request: IncomingMessage,
  failure: Failure,
  requestId: string | null,
  version: string | null,
): void {
  const { headers, body } = renderFailure(failure, requestId, prefersText(request.headers.accept));
  const all = [...headers];
  if (version !== null) all.push("x-canary-version", version);
  if (failure.close || !request.complete) {
    all.push("connection", "close");
    response.client?.close();
  }
  response.writeHead(failure.status, all);
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Answers on a bare socket, where Node has no response object: parser errors, refused upgrades, CONNECT. */
export function answerOnSocket(
  socket: Duplex,
  failure: Failure,
  reasonPhrase: string = STATUS_CODES[failure.status] ?? "Error",
  requestId: string | null = null,
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { headers, body } = renderFailure(failure, requestId, false);
  let head = `HTTP/1.1 ${failure.status} ${reasonPhrase}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  // Node adds the date where there is a response object (RFC 9110 §6.6.1).
  head += `date: ${new Date().toUTCString()}\r\n`;
  socket.write(`${head}connection: close\r\n\r\n${body}`);
  closeGently(socket);
}
