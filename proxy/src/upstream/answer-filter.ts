import type { Socket } from "node:net";

/** Interim answers (1xx) to one request, past which the upstream is up to no good. */
const MAX_INTERIM = 32;
/** Longest head of an interim answer. */
const MAX_INTERIM_HEAD_BYTES = 16_384;
/** `HTTP/1.1 200`: what has to be there before an answer can be told. */
const STATUS_LINE_BYTES = 12;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/** A status line and fields (RFC 9112 §2.1): a line that ends otherwise than in CRLF could hide the final answer. */
const INTERIM_HEAD = /^[\t\x20-\x7e\x80-\xff]*(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;

type Phase = "idle" | "head" | "body";

/** What an upstream sent is no answer, or not the answer to anything. */
class BadAnswer extends Error {
  /**
   * On a socket that carries no request undici must take it for an ordinary loss of the socket, or it would fail the
   * request that waits for a fresh one.
   */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Stands between an upstream's socket and undici's parser, for the start of each answer only:
 *
 * - 100 Continue and other interim answers are swallowed, because undici destroys the socket on a 100; 103 goes on;
 * - a flood of interim answers, a 101 that nobody asked for, and a status line that is none end the socket;
 * - a reset is told by another code, because undici takes ECONNRESET for the orderly end of a body without length;
 * - bytes that arrive while no request is under way end the socket, before the next request could take them for its
 *   answer.
 *
 * Once the final answer starts, everything passes untouched.
 */
export class AnswerFilter {
  readonly #socket: Socket;
  readonly #push: (chunk: Buffer | null) => boolean;
  #phase: Phase = "idle";
  #held: Buffer | null = null;
  #interim = 0;
  #mayUpgrade = false;

  constructor(socket: Socket, push: (chunk: Buffer | null) => boolean) {
    this.#socket = socket;
    this.#push = push;
  }

  /** Puts a filter in front of a socket's readable side; Node pushes what it reads through it. */
  static on(socket: Socket): AnswerFilter {
    const filter = new AnswerFilter(socket, socket.push.bind(socket));
    socket.push = (chunk: Buffer | null) => filter.take(chunk);
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error?: Error) => destroy(error === undefined ? error : withoutResetCode(error));
    return filter;
  }

  /** A request is about to be written: what comes next is the start of an answer. */
  expectAnswer(mayUpgrade: boolean): void {
    this.#phase = "head";
    this.#held = null;
    this.#interim = 0;
    this.#mayUpgrade = mayUpgrade;
  }

  /** The answer has come to its end. */
  answerEnded(): void {
    this.#phase = "idle";
  }

  /** @returns whether more may be read from the system now */
  take(chunk: Buffer | null): boolean {
    if (this.#phase === "body") return this.#push(chunk);
    if (chunk === null) {
      if (this.#held !== null) this.#push(this.#held);
      this.#held = null;
      return this.#push(null);
    }
    if (this.#phase === "idle") {
      this.#socket.destroy(new BadAnswer("bytes that answer nothing", "UND_ERR_SOCKET"));
      return false;
    }
    const data = this.#held === null ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = null;
    return this.#takeHead(data);
  }

  #takeHead(data: Buffer): boolean {
    let rest = data;
    while (rest.length >= STATUS_LINE_BYTES) {
      const status = readStatus(rest);
      if (status === 0) return this.#refuse("not an HTTP/1 answer");
      // llhttp takes CR CR for the end of the line, among other things.
      const cr = rest.indexOf(CR, STATUS_LINE_BYTES);
      if (cr === -1 || cr + 1 === rest.length) break;
      const isApart = cr === STATUS_LINE_BYTES || rest[STATUS_LINE_BYTES] === SPACE;
      if (!isApart || rest.indexOf(LF, STATUS_LINE_BYTES) !== cr + 1)
        return this.#refuse("a bad status line");
      if (status >= 200 || (status === 101 && this.#mayUpgrade)) {
        this.#phase = "body";
        return this.#push(rest);
      }
      if (status === 101) return this.#refuse("an upgrade that nobody asked for");
      const end = rest.indexOf("\r\n\r\n");
      if (end === -1) break;
      if (!INTERIM_HEAD.test(rest.toString("latin1", 0, end))) return this.#refuse("a bad interim answer");
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) return this.#refuse("a flood of interim answers");
      if (status === 103 && !this.#mayUpgrade) this.#push(rest.subarray(0, end + 4));
      rest = rest.subarray(end + 4);
    }
    if (rest.length > MAX_INTERIM_HEAD_BYTES) return this.#refuse("an interim answer without end");
    this.#held = rest.length === 0 ? null : rest;
    return true;
  }

  #refuse(why: string): boolean {
    this.#socket.destroy(new BadAnswer(why, "SERIN_BAD_ANSWER"));
    return false;
  }
}

function withoutResetCode(error: Error): Error {
  if (!("code" in error) || error.code !== "ECONNRESET") return error;
  return new BadAnswer("the upstream reset the connection", "UND_ERR_SOCKET");
}

/** Status of a status line (RFC 9112 §4), 100 to 599; 0 when it is none. */
function readStatus(data: Buffer): number {
  const line = data.toString("latin1", 0, STATUS_LINE_BYTES);
  if (!line.startsWith("HTTP/1.1 ") && !line.startsWith("HTTP/1.0 ")) return 0;
  let status = 0;
  for (let i = 9; i < STATUS_LINE_BYTES; i += 1) {
    const digit = line.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  return status >= 100 && status <= 599 ? status : 0;
}
