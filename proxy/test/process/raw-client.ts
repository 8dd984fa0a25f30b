import { EventEmitter, once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";

/** Longest wait of a test for something that should come at once. */
const PATIENCE_MS = 8_000;

/** A response as it came over the wire. */
export interface RawResponse {
  readonly status: number;
  /** Names in lower case, repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A client that is a bare socket: sends any bytes and keeps all that come back. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  /** Everything received, one character per byte. */
  received = "";
  /** The server has said that nothing more will come, or the connection is gone. */
  ended = false;
  connected = false;
  /** The connection was reset. */
  failed = false;
  readonly #changes = new EventEmitter();

  constructor(port: number, options: { readonly allowHalfOpen?: boolean } = {}) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: options.allowHalfOpen ?? false });
    this.socket.setNoDelay(true);
    this.socket.on("connect", () => {
      this.connected = true;
      this.#changes.emit("change");
    });
    this.socket.on("data", (data: Buffer) => {
      this.received += data.toString("latin1");
      this.#changes.emit("change");
    });
    this.socket.on("error", () => {
      this.failed = true;
    });
    for (const event of ["end", "close"]) {
      this.socket.on(event, () => {
        this.ended = true;
        this.#changes.emit("change");
      });
    }
  }

  /** Sends text, one byte per character. */
  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** All whole responses so far. A head without length or chunks runs to the end of the connection. */
  responses(methods: readonly string[] = []): RawResponse[] {
    return readResponses(this.received, this.ended, methods).responses;
  }

  /** Settles once that many responses are whole. */
  async untilResponses(count: number, methods: readonly string[] = []): Promise<RawResponse[]> {
    await this.until(() => this.responses(methods).length >= count || this.ended);
    return this.responses(methods);
  }

  async untilConnected(): Promise<void> {
    await this.until(() => this.connected || this.ended);
  }

  /** Settles once the server has closed its side. */
  async untilClosed(): Promise<void> {
    await this.until(() => this.ended);
  }

  /** @throws AbortError when it does not come true in time */
  async until(condition: () => boolean, timeoutMs: number = PATIENCE_MS): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!condition()) await once(this.#changes, "change", { signal });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/**
 * Reads all whole final responses from the start of the bytes; interim ones are left out.
 *
 * @param ended nothing more will come
 * @param methods of the requests, in order: an answer to HEAD has no body
 * @throws Error when what stands where a response should begin is none
 */
export function readResponses(
  received: string,
  ended: boolean,
  methods: readonly string[] = [],
): { readonly responses: RawResponse[]; readonly rest: string } {
  const responses: RawResponse[] = [];
  let rest = received;
  for (;;) {
    const response = readResponse(rest, ended, methods[responses.length] === "HEAD");
    if (response === null) return { responses, rest };
    if (response.status >= 200) responses.push(response);
    rest = rest.slice(response.length);
  }
}

interface SizedResponse extends RawResponse {
  readonly length: number;
}

function readResponse(text: string, ended: boolean, headOnly: boolean): SizedResponse | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return null;
  const [start = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const status = /^HTTP\/1\.1 ([1-5]\d\d)(?: .*)?$/.exec(start)?.[1];
  if (status === undefined) throw new Error(`no status line: ${JSON.stringify(start)}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const code = Number(status);
  const at = headEnd + 4;
  const head = { status: code, headers };
  if (code < 200 || code === 204 || code === 304 || headOnly) return { ...head, body: "", length: at };
  if (headers.get("transfer-encoding") === "chunked") return readChunks(text, at, head);
  const declared = headers.get("content-length");
  if (declared === undefined) {
    return ended ? { ...head, body: text.slice(at), length: text.length } : null;
  }
  const length = at + Number(declared);
  return text.length < length ? null : { ...head, body: text.slice(at, length), length };
}

function readChunks(
  text: string,
  start: number,
  head: Pick<RawResponse, "status" | "headers">,
): SizedResponse | null {
  let at = start;
  let body = "";
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (text.length < next) return null;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = next;
    if (size === 0) return { ...head, body, length: at };
  }
}

/** Sends bytes on a connection of their own and waits until the server closes it. */
export async function sendAndWaitForClose(port: number, bytes: string): Promise<RawClient> {
  const client = new RawClient(port);
  client.send(bytes);
  await client.untilClosed();
  return client;
}
