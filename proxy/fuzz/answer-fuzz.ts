import { connect } from "node:net";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { FaultyUpstream } from "../test/process/faulty-upstream.ts";
import { readResponses } from "../test/process/raw-client.ts";
import type { RawResponse } from "../test/process/raw-client.ts";
import { SerinProcess } from "../test/process/serin-process.ts";
import { growAnswer, markOf } from "./answer-grammar.ts";
import type { Ending } from "./answer-grammar.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import { readStrictAnswer } from "./strict-answer.ts";

/** An answer that lasts longer hangs: Serin's own timeouts towards the upstream are far below. */
const HANG_MS = 15_000;
const UPSTREAM_TIMEOUT_MS = 500;
const LANES = 48;

export interface AnswerFuzzReport {
  readonly inputs: number;
  /** Answers that were relayed whole and read the same at both ends. */
  readonly relayed: number;
  /** Answers that Serin gave itself, because the upstream's could not be relayed. */
  readonly refused: number;
  /** Answers that were cut, because the upstream's broke off. */
  readonly cut: number;
  /** What went wrong, each with its seed. */
  readonly problems: readonly string[];
}

/** What the upstream does for one seed. */
interface AnswerInput {
  readonly method: string;
  readonly bytes: string;
  readonly ending: Ending;
  readonly pieces: number;
}

/** The input of a seed: an answer, spoilt for every second seed. */
function answerInputOf(seed: number): AnswerInput {
  const random = new Random(seed);
  const method = random.pick(["GET", "GET", "GET", "HEAD", "DELETE"]);
  const grown = growAnswer(random, seed, method);
  const isSpoilt = seed % 2 === 1;
  const bytes = isSpoilt ? mutate(grown, random) : grown;
  // What breaks off and stays open costs a timeout: seldom enough to keep the run short.
  const keeps = random.chance(isSpoilt ? 0.08 : 0.7);
  const ending = keeps ? "keep" : random.pick<Ending>(["close", "close", "close", "reset"]);
  return { method, bytes, ending, pieces: 1 + random.below(4) };
}

/**
 * Has an upstream answer with one input per seed, behind a real Serin. What a strict reader of its own makes of the
 * upstream's bytes is what the client must get: the same answer if it is whole and valid, else a refusal or a cut, never
 * something that looks whole, and never a byte of another answer.
 */
export class AnswerFuzz implements AsyncDisposable {
  readonly #serin: SerinProcess;
  readonly #upstream: FaultyUpstream;
  readonly #problems: string[] = [];
  #relayed = 0;
  #refused = 0;
  #cut = 0;

  private constructor(serin: SerinProcess, upstream: FaultyUpstream) {
    this.#serin = serin;
    this.#upstream = upstream;
  }

  static async start(): Promise<AnswerFuzz> {
    const busy = new WeakSet<Socket>();
    const upstream = await FaultyUpstream.start({
      "/fuzz": (socket, { target }) => {
        // What is still on its way for the request before would spoil this one's answer: as from a stale socket.
        if (busy.has(socket)) socket.resetAndDestroy();
        else void answer(socket, answerInputOf(Number(target.split("?")[1])), busy);
      },
    });
    const timeouts = `headersTimeoutMs: ${UPSTREAM_TIMEOUT_MS}, bodyTimeoutMs: ${UPSTREAM_TIMEOUT_MS}`;
    const config = `workers: 1
split: { issueCookie: false }
log: { access: false }
upstreams:
  v1: { url: "${upstream.url}", ${timeouts} }
  v2: { url: "${upstream.url}" }
`;
    return new AnswerFuzz(await SerinProcess.start(config), upstream);
  }

  async run(seeds: Iterable<number>): Promise<AnswerFuzzReport> {
    const queue = seeds[Symbol.iterator]();
    let inputs = 0;
    const lane = async (): Promise<void> => {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        inputs += 1;
        await this.#runOne(next.value);
        if (inputs % 500 === 0) this.#upstream.connections.length = 0;
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await this.#checkProcess();
    return {
      inputs,
      relayed: this.#relayed,
      refused: this.#refused,
      cut: this.#cut,
      problems: this.#problems,
    };
  }

  async #runOne(seed: number): Promise<void> {
    const input = answerInputOf(seed);
    const problem = (what: string): void => {
      this.#problems.push(`seed ${seed}: ${what}; ${JSON.stringify(input).slice(0, 2_000)}`);
    };
    const received = await ask(this.#serin.port, input.method, `/fuzz?${seed}`, addressOf(seed));
    if (received === null) {
      problem("the client hung");
      return;
    }
    for (const [mark] of received.matchAll(/<seed \d+>/g))
      if (mark !== markOf(seed) && !isOwn(input, mark)) problem(`the client got another's bytes: ${mark}`);
    let response: RawResponse | undefined;
    try {
      [response] = readResponses(received, false, [input.method]).responses;
    } catch (error) {
      problem(`the client got no HTTP: ${String(error)}`);
      return;
    }
    this.#compare(input, received, response, problem);
  }

  #compare(
    input: AnswerInput,
    received: string,
    response: RawResponse | undefined,
    problem: (what: string) => void,
  ): void {
    const strict = readStrictAnswer(input.bytes, input.method, input.ending === "close");
    const shown = JSON.stringify(received.slice(0, 500));
    if (response === undefined) {
      this.#cut += 1;
      if (strict.state === "whole" && input.ending !== "reset") problem(`a whole answer was cut: ${shown}`);
    } else if (
      response.headers.get("cache-control") === "no-store" &&
      !response.body.includes(markOf(0).slice(0, 6))
    ) {
      this.#refused += 1;
      if (![502, 503, 504].includes(response.status)) problem(`Serin answered ${response.status}`);
    } else if (strict.state === "broken") {
      problem(`a broken answer looks whole: ${shown}`);
    } else if (strict.state === "odd") {
      this.#relayed += 1;
    } else if (response.status !== strict.status || response.body !== strict.body) {
      problem(`it reads differently: ${shown}`);
    } else {
      this.#relayed += 1;
    }
  }

  async #checkProcess(): Promise<void> {
    const restarts = await this.#serin.sumMetric("serin_worker_restarts_total");
    if (restarts !== 0) this.#problems.push(`${restarts} worker restarts`);
    for (const line of this.#serin.log)
      if (line["level"] === "error") this.#problems.push(`logged: ${JSON.stringify(line)}`);
    if (this.#serin.stderr !== "") this.#problems.push(`standard error: ${this.#serin.stderr}`);
    const inFlight = await this.#serin.sumMetric("serin_in_flight");
    if (inFlight !== 0) this.#problems.push(`${inFlight} requests still in flight`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#serin[Symbol.asyncDispose]();
    await this.#upstream[Symbol.asyncDispose]();
  }
}

/** Spoilt bytes may spell another's mark, also over the edges of chunks. */
function isOwn({ bytes }: AnswerInput, mark: string): boolean {
  return bytes.includes(mark) || bytes.replaceAll(/\r\n[\da-f]+(?:;[^\r\n]*)?\r\n/gi, "").includes(mark);
}

async function answer(socket: Socket, input: AnswerInput, busy: WeakSet<Socket>): Promise<void> {
  busy.add(socket);
  const size = Math.max(1, Math.ceil(input.bytes.length / input.pieces));
  for (let at = 0; at < input.bytes.length; at += size) {
    if (at > 0) await turn();
    if (socket.destroyed) return;
    socket.write(input.bytes.slice(at, at + size), "latin1");
  }
  if (input.ending === "close") socket.end();
  else if (input.ending === "reset") setTimeout(() => socket.resetAndDestroy(), 5);
  else busy.delete(socket);
}

/** Loopback addresses in turn: closed connections keep their ports for a minute, and one address has 28,000. */
function addressOf(seed: number): string {
  return `127.0.${(seed >> 8) & 255}.${1 + (seed & 127)}`;
}

/** One request on a connection of its own; what came until its answer was whole or the connection gone. */
function ask(port: number, method: string, target: string, localAddress: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    let received = "";
    const finish = (outcome: string | null): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(outcome);
    };
    const deadline = setTimeout(() => finish(null), HANG_MS);
    socket.on("data", (data: Buffer) => {
      received += data.toString("latin1");
      if (isWhole(received, method)) finish(received);
    });
    socket.on("error", () => finish(received));
    socket.on("close", () => finish(received));
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  });
}

function isWhole(received: string, method: string): boolean {
  try {
    return readResponses(received, false, [method]).responses.length > 0;
  } catch {
    return true;
  }
}
