import { connect } from "node:net";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { readResponses } from "../test/process/raw-client.ts";
import type { RawResponse } from "../test/process/raw-client.ts";
import { RecordingUpstream, answerOk } from "../test/process/recording-upstream.ts";
import { SerinProcess } from "../test/process/serin-process.ts";
import { readClientRequest, valuesOf } from "../test/process/strict-parser.ts";
import type { ParsedRequest } from "../test/process/strict-parser.ts";
import { configFor } from "../test/process/test-upstream.ts";
import { essenceOf } from "./expected-request.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import { growStream } from "./request-grammar.ts";

/** A connection that lasts longer, though its client has closed its side, hangs. */
const HANG_MS = 15_000;
/** What a machine that stood still for that long gets to read what has come in the meantime. */
const CATCH_UP_MS = 2_000;
/** The system may drop a connection attempt when its tables are full of the run's own; it is made again after this. */
const CONNECT_MS = 3_000;
const MAX_ATTEMPTS = 20;
const LANES = 32;

/** What a fuzz run found. All well when `problems` is empty. */
export interface FuzzReport {
  readonly inputs: number;
  /** Requests that were relayed, and read the same at both ends. */
  readonly relayed: number;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** What went wrong, each with its seed. */
  readonly problems: readonly string[];
}

/** The input of a seed: a stream of requests, spoilt for every second seed. */
export function inputOf(seed: number): string {
  const random = new Random(seed);
  const grown = growStream(random);
  return seed % 2 === 0 ? grown : mutate(grown, random);
}

/**
 * Sends one input per seed at a real Serin with a recording upstream, each on a connection of its own and from a
 * loopback address of its own, which the upstream sees in X-Forwarded-For: so it is known which input a request that
 * arrives comes from, whatever became of its bytes.
 */
export class ClientFuzz implements AsyncDisposable {
  readonly #serin: SerinProcess;
  readonly #upstream: RecordingUpstream;
  /** Requests that arrived upstream, by the address of their input; only of inputs that are under way. */
  readonly #arrived: Map<string, ParsedRequest[]>;
  readonly #statuses = new Map<number, number>();
  readonly #problems: string[] = [];
  #relayed = 0;

  private constructor(
    serin: SerinProcess,
    upstream: RecordingUpstream,
    arrived: Map<string, ParsedRequest[]>,
  ) {
    this.#serin = serin;
    this.#upstream = upstream;
    this.#arrived = arrived;
  }

  static async start(): Promise<ClientFuzz> {
    const arrived = new Map<string, ParsedRequest[]>();
    const upstream = await RecordingUpstream.start((socket, request) => {
      // A request whose client reset its connection may arrive after that; nobody waits for it.
      arrived.get(valuesOf(request.headers, "x-forwarded-for")[0] ?? "")?.push(request);
      if (request.method === "HEAD") socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
      else answerOk(socket);
    });
    const config =
      "workers: 1\nsplit:\n  percentage: 50\nlimits:\n  maxBodyBytes: 5000\nlog:\n  access: false\n";
    return new ClientFuzz(await SerinProcess.start(configFor(upstream, upstream, config)), upstream, arrived);
  }

  /** Runs the inputs of the given seeds. */
  async run(seeds: Iterable<number>): Promise<FuzzReport> {
    const queue = seeds[Symbol.iterator]();
    let inputs = 0;
    const lane = async (): Promise<void> => {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        inputs += 1;
        await this.#runOne(next.value, addressOf(inputs));
        if (inputs % 500 === 0) this.#upstream.take();
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await this.#checkProcess();
    return { inputs, relayed: this.#relayed, statuses: this.#statuses, problems: this.#problems };
  }

  async #runOne(seed: number, address: string): Promise<void> {
    const input = inputOf(seed);
    this.#arrived.set(address, []);
    let outcome: Outcome = { received: "", state: "unconnected" };
    for (let attempts = 0; outcome.state === "unconnected" && attempts < MAX_ATTEMPTS; attempts += 1)
      outcome = await exchangeBytes(this.#serin.port, address, input, new Random(seed ^ 0x5bd1e995));
    const problem = (what: string): void => {
      this.#problems.push(`seed ${seed}: ${what}; input ${JSON.stringify(input)}`);
    };
    if (outcome.state === "unconnected") {
      problem("no connection could be made");
      return;
    }
    if (outcome.state === "hung") {
      problem(`the connection hung, ${JSON.stringify(outcome.received)} had come`);
      return;
    }
    const sent = readStream(input);
    const responses = readAnswers(outcome.received, sent, problem);
    for (const { status } of responses) this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    const unmatched = sent.map((request) => essenceOf(request, "client"));
    for (const request of this.#arrived.get(address) ?? []) {
      const essence = essenceOf(request, "upstream");
      const place = unmatched.findIndex((candidate) => isSame(candidate, essence));
      if (place === -1) problem(`the upstream read what the client did not send: ${essence}`);
      else {
        unmatched.splice(place, 1);
        this.#relayed += 1;
      }
    }
    const fromUpstream = responses.filter((response) => response.headers.has("x-canary-version"));
    const answered = fromUpstream.filter((response) => response.status === 200).length;
    const arrived = this.#arrived.get(address)?.length ?? 0;
    if (answered > arrived) problem(`${answered} answers came from ${arrived} requests`);
    this.#arrived.delete(address);
  }

  async #checkProcess(): Promise<void> {
    for (const fault of this.#upstream.faults) this.#problems.push(`malformed at the upstream: ${fault}`);
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

/** A loopback address of its own for each of up to 16 million inputs. */
function addressOf(input: number): string {
  return `127.${1 + ((input >> 16) & 127)}.${(input >> 8) & 255}.${input & 255}`;
}

/** Host differs when an HTTP/1.0 client named none: then the upstream's own stands. */
function isSame(sent: string, arrived: string): boolean {
  return sent === arrived || sent === arrived.replace(/"host":"127\.0\.0\.1:\d+"/, '"host":null');
}

/** All requests at the start of the bytes, up to the first that is not whole and valid. */
function readStream(input: string): ParsedRequest[] {
  const found: ParsedRequest[] = [];
  let rest = input;
  for (;;) {
    const reading = readClientRequest(rest);
    if (reading.kind !== "request") return found;
    found.push(reading.request);
    rest = rest.slice(reading.length);
  }
}

function readAnswers(
  received: string,
  sent: readonly ParsedRequest[],
  problem: (what: string) => void,
): RawResponse[] {
  try {
    const { responses, rest } = readResponses(
      received,
      true,
      sent.map((request) => request.method),
    );
    if (rest !== "" && !isAnswerToUnreadHead(rest, responses.at(-1)))
      problem(`bytes behind the answers: ${JSON.stringify(rest)}`);
    return responses;
  } catch (error) {
    problem(`unreadable answer (${String(error)}): ${JSON.stringify(received)}`);
    return [];
  }
}

/**
 * Whether what is left belongs to the answer to a HEAD request that only one side could read: a head without the body
 * that it announces, or a body, which the answer has when Node's parser refused the request before its method was known.
 */
function isAnswerToUnreadHead(rest: string, last: RawResponse | undefined): boolean {
  if (rest.startsWith("HTTP/1.1 4") || rest.startsWith("HTTP/1.1 5"))
    return rest.indexOf("\r\n\r\n") === rest.length - 4 && rest.includes("connection: close");
  return (
    last?.headers.get("connection") === "close" && last.headers.get("content-length") === String(rest.length)
  );
}

/** What came back, and how the exchange ended. */
interface Outcome {
  readonly received: string;
  readonly state: "closed" | "hung" | "unconnected";
}

/** Sends the bytes, whole or in two pieces, closes this side or resets now and then, and waits for the other's end. */
async function exchangeBytes(
  port: number,
  localAddress: string,
  input: string,
  random: Random,
): Promise<Outcome> {
  const socket = connect({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
  const closed = Promise.withResolvers<void>();
  let received = "";
  let state: Outcome["state"] = "unconnected";
  let timer = setTimeout(() => socket.destroy(), CONNECT_MS);
  socket.on("connect", () => {
    clearTimeout(timer);
    state = "closed";
    timer = setTimeout(() => {
      timer = setTimeout(() => {
        state = "hung";
        socket.destroy();
      }, CATCH_UP_MS);
    }, HANG_MS);
    send(socket, input, random).catch(() => socket.destroy());
  });
  socket.on("data", (data: Buffer) => {
    received += data.toString("latin1");
  });
  socket.on("end", () => socket.end());
  socket.on("error", () => socket.destroy());
  socket.on("close", () => closed.resolve());
  await closed.promise;
  clearTimeout(timer);
  return { received, state };
}

async function send(socket: Socket, input: string, random: Random): Promise<void> {
  if (random.chance(0.3)) {
    const cut = random.below(input.length + 1);
    socket.write(input.slice(0, cut), "latin1");
    for (let turns = random.below(4); turns > 0; turns -= 1) await turn();
    if (!socket.destroyed) socket.write(input.slice(cut), "latin1");
  } else {
    socket.write(input, "latin1");
  }
  if (random.chance(0.02)) socket.resetAndDestroy();
  else socket.end();
}
