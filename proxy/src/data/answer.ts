import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { CanaryResponse } from "./canary-response.ts";
import type { Failure } from "./failure.ts";

/** Seconds after which a client may try again when Serin or a version is overloaded. */
const RETRY_AFTER_SECONDS = "1";

/** Body of an answer that is Serin's own: small JSON. */
function failureBody(failure: Failure, requestId: string | null): string {
  const error = { code: failure.code, message: failure.message, request_id: requestId };
  return `${JSON.stringify({ error })}\n`;
}

/** Answers for a version, or in place of one. The connection closes when the request was not read to its end. */
export function answerFailure(
  response: CanaryResponse,
  request: IncomingMessage,
  failure: Failure,
  requestId: string | null,
  version: string | null,
): void {
  const body = failureBody(failure, requestId);
  const headers = [
    "content-type",
    "application/json; charset=utf-8",
    "content-length",
    String(Buffer.byteLength(body)),
    "cache-control",
    "no-store",
  ];
  if (requestId !== null) headers.push("x-request-id", requestId);
  if (version !== null) headers.push("x-canary-version", version);
  if (failure.status === 503) headers.push("retry-after", RETRY_AFTER_SECONDS);
  if (failure.status === 405) headers.push("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (failure.close || !request.complete) headers.push("connection", "close");
  response.writeHead(failure.status, headers);
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Answers on a bare socket, where Node has no response object: parser errors, refused upgrades, CONNECT. */
export function answerOnSocket(socket: Duplex, failure: Failure, reasonPhrase: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = failureBody(failure, null);
  socket.end(
    `HTTP/1.1 ${failure.status} ${reasonPhrase}\r\n` +
      "content-type: application/json; charset=utf-8\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n` +
      "connection: close\r\n\r\n" +
      body,
  );
}
