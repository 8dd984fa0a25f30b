import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** What an endpoint answers: JSON, or text of a given type. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Given for text; JSON otherwise. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AdminRequest {
  readonly query: URLSearchParams;
  /** The parsed JSON body of a POST; `null` without one. */
  readonly body: unknown;
  readonly ifMatch: string | null;
}

export interface AdminEndpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Probes come from machines that hold no token. */
  readonly open?: boolean;
  /** Longest body of a POST; 64 KiB unless given. */
  readonly maxBodyBytes?: number;
  readonly handle: (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>;
}

/** Longest body of a POST to the admin server, unless the endpoint says otherwise. */
const MAX_BODY_BYTES = 65_536;

/**
 * The admin server: on the control plane, on its own port, loopback by default. GET never changes anything. With a
 * token set, everything but the probes wants it as a bearer token.
 */
export function createAdminServer(
  endpoints: readonly AdminEndpoint[],
  token: () => string,
  onError: (error: unknown) => void,
): Server {
  const server = createServer((request, response) => {
    void serve(endpoints, token(), request, response).catch((error: unknown) => {
      onError(error);
      if (response.headersSent) response.destroy();
      else send(response, problem(500, "internal", "Something went wrong here."));
    });
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.keepAliveTimeout = 75_000;
  return server;
}

async function serve(
  endpoints: readonly AdminEndpoint[],
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? "", "http://admin");
  if (url === null) {
    send(response, problem(400, "bad_target", "The request target is not valid."));
    return;
  }
  const known = endpoints.filter((endpoint) => endpoint.path === url.pathname);
  const method = request.method === "HEAD" ? "GET" : request.method;
  const endpoint = known.find((candidate) => candidate.method === method);
  if (endpoint?.open !== true && token !== "" && !hasToken(request, token)) {
    const headers = { "www-authenticate": 'Bearer realm="serin admin"' };
    send(response, { ...problem(401, "unauthorized", "A bearer token is required: admin.token."), headers });
    return;
  }
  if (endpoint === undefined) {
    const paths = endpoints.map((candidate) => `${candidate.method} ${candidate.path}`).join(", ");
    const allow = known.map((candidate) => candidate.method).join(", ");
    if (known.length > 0)
      send(response, { ...problem(405, "method_not_allowed", `Use ${allow}.`), headers: { allow } });
    else send(response, problem(404, "not_found", `There is no ${url.pathname} here, but: ${paths}.`));
    return;
  }
  const body =
    endpoint.method === "POST"
      ? await readJson(request, endpoint.maxBodyBytes ?? MAX_BODY_BYTES)
      : { ok: true as const, value: null };
  if (!body.ok) {
    send(response, body.answer);
    return;
  }
  const ifMatch = request.headers["if-match"] ?? null;
  send(response, await endpoint.handle({ query: url.searchParams, body: body.value, ifMatch }));
}

/** Compares digests, so that neither content nor length of the token shows in the time taken. */
function hasToken(request: IncomingMessage, token: string): boolean {
  const given = request.headers.authorization ?? "";
  return timingSafeEqual(digest(given), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly answer: AdminAnswer };

async function readJson(request: IncomingMessage, maxBytes: number): Promise<JsonBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      return { ok: false, answer: problem(413, "body_too_large", `At most ${maxBytes / 1024} KiB.`) };
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (text.trim() === "") return { ok: true, value: null };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, answer: problem(400, "bad_json", "The body is not JSON.") };
  }
}

/** An answer that says what was wrong. */
export function problem(status: number, code: string, message: string): AdminAnswer {
  return { status, body: { error: message, code } };
}

function send(response: ServerResponse, answer: AdminAnswer): void {
  const isText = answer.contentType !== undefined;
  const body = isText ? String(answer.body) : `${JSON.stringify(answer.body)}\n`;
  response.writeHead(answer.status, {
    "content-type": answer.contentType ?? "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...answer.headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
