import { deepEqual, equal, ok } from "node:assert/strict";
import { RawClient, sendAndWaitForClose } from "./raw-client.ts";
import type { RawResponse } from "./raw-client.ts";
import { RecordingUpstream } from "./recording-upstream.ts";
import type { Answer } from "./recording-upstream.ts";
import { SerinProcess } from "./serin-process.ts";
import type { ParsedRequest } from "./strict-parser.ts";
import { configFor } from "./test-upstream.ts";

/** One Serin in front of one recording upstream that stands for both versions. */
export class HostileStage implements AsyncDisposable {
  readonly serin: SerinProcess;
  readonly upstream: RecordingUpstream;

  private constructor(serin: SerinProcess, upstream: RecordingUpstream) {
    this.serin = serin;
    this.upstream = upstream;
  }

  static async start(config = "", answer?: Answer): Promise<HostileStage> {
    const upstream = await RecordingUpstream.start(answer);
    const serin = await SerinProcess.start(configFor(upstream, upstream, `workers: 1\n${config}`));
    return new HostileStage(serin, upstream);
  }

  get port(): number {
    return this.serin.port;
  }

  connect(options: { readonly allowHalfOpen?: boolean } = {}): RawClient {
    return new RawClient(this.port, options);
  }

  /** Asserts that these bytes are answered by this status and a close, and that no whole request went upstream. */
  async expectRefused(bytes: string, status: number): Promise<RawResponse> {
    const response = await this.#expectClosed(bytes, status);
    deepEqual(this.upstream.take().requests, [], `whole requests went upstream for ${shown(bytes)}`);
    deepEqual(this.upstream.faults, []);
    return response;
  }

  /** As {@link expectRefused}, and not a single byte went upstream. */
  async expectKeptOut(bytes: string, status: number): Promise<RawResponse> {
    const response = await this.#expectClosed(bytes, status);
    equal(this.upstream.take().bytes, "", `bytes went upstream for ${shown(bytes)}`);
    return response;
  }

  async #expectClosed(bytes: string, status: number): Promise<RawResponse> {
    this.upstream.take();
    const client = await sendAndWaitForClose(this.port, bytes);
    const [response, ...more] = client.responses();
    ok(response !== undefined, `no answer to ${shown(bytes)}, but ${shown(client.received)}`);
    equal(response.status, status, `${shown(bytes)} got ${shown(client.received)}`);
    deepEqual(more, [], `more than one answer to ${shown(bytes)}`);
    equal(response.headers.get("connection"), "close", `no close after ${shown(bytes)}`);
    return response;
  }

  /** Sends one request that must pass; what the client and the upstream got. */
  async pass(bytes: string): Promise<{ readonly response: RawResponse; readonly request: ParsedRequest }> {
    this.upstream.take();
    using client = this.connect();
    client.send(bytes);
    const [response] = await client.untilResponses(1);
    ok(response?.status === 200, `${shown(bytes)} got ${shown(client.received)}`);
    const [request, ...more] = this.upstream.take().requests;
    ok(request !== undefined, `nothing went upstream for ${shown(bytes)}`);
    deepEqual(more, [], `more than one request went upstream for ${shown(bytes)}`);
    deepEqual(this.upstream.faults, []);
    return { response, request };
  }

  /** Asserts that nothing malformed went upstream, that no worker died and that no error was said to be a bug. */
  async expectUnharmed(): Promise<void> {
    deepEqual(this.upstream.faults, []);
    equal(this.serin.stderr, "");
    const errors = this.serin.log.filter((line) => line["level"] === "error");
    deepEqual(errors, [], `errors were logged: ${JSON.stringify(errors)}`);
    equal(await this.serin.sumMetric("serin_worker_restarts_total"), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.serin[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }
}

function shown(bytes: string): string {
  return JSON.stringify(bytes.slice(0, 300));
}
