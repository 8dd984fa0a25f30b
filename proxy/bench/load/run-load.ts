import { join } from "node:path";
import { IDENTITIES, IDENTITY_HEADER, REQUEST_HEADERS } from "../payloads.ts";
import { PinnedProcess } from "../pinned-process.ts";
import type { OpenLoopResult } from "./open-loop-client.ts";
import type { DeliveryResult } from "./stream-client.ts";

const here = import.meta.dirname;

/** What a closed loop brought. */
export interface ClosedLoopResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Answers with another status than 2xx or 3xx, and connections that failed. */
  readonly failed: number;
}

/** As many requests as the connections can carry, one after the other on each, by wrk. */
export async function runClosedLoop(
  processors: string,
  port: number,
  options: {
    readonly connections: number;
    readonly seconds: number;
    readonly path: string;
    readonly bodyBytes: number;
  },
): Promise<ClosedLoopResult> {
  const { connections, seconds, path, bodyBytes } = options;
  const method = bodyBytes > 0 ? "POST" : "GET";
  await using wrk = new PinnedProcess(processors, [
    "wrk",
    "-t",
    "1",
    "-c",
    String(connections),
    "-d",
    `${seconds}s`,
    "--timeout",
    "10s",
    "-s",
    join(here, "wrk.lua"),
    `http://127.0.0.1:${port}${path}`,
    "--",
    method,
    path,
    String(bodyBytes),
    String(IDENTITIES),
    IDENTITY_HEADER,
    ...Object.entries(REQUEST_HEADERS).flat(),
  ]);
  const printed = await wrk.finish();
  const line = printed.split("\n").find((candidate) => candidate.startsWith("RESULT "));
  if (line === undefined) throw new Error(`wrk printed no result: ${printed}`);
  const counts: Record<string, number> = JSON.parse(line.slice("RESULT ".length));
  const of = (name: string): number => counts[name] ?? 0;
  return {
    requests: of("requests"),
    seconds: of("seconds"),
    bytes: of("bytes"),
    failed: of("connect") + of("read") + of("write") + of("status") + of("timeout"),
  };
}

/** Requests at a fixed rate, whatever comes back. */
export async function runOpenLoop(
  processors: string,
  port: number,
  options: {
    readonly path: string;
    readonly ratePerSecond: number;
    readonly seconds: number;
    readonly connections: number;
    readonly bodyBytes: number;
  },
): Promise<OpenLoopResult> {
  const { path, ratePerSecond, seconds, connections, bodyBytes } = options;
  return runClient(processors, "open-loop-client.ts", [
    port,
    path,
    ratePerSecond,
    seconds,
    connections,
    bodyBytes,
  ]);
}

/** Events over that many streams at once. */
export async function runStreams(
  processors: string,
  port: number,
  options: { readonly streams: number; readonly seconds: number },
): Promise<DeliveryResult> {
  return runClient(processors, "stream-client.ts", [port, options.streams, options.seconds]);
}

/** Messages there and back over that many WebSockets at once. */
export async function runTunnels(
  processors: string,
  port: number,
  options: { readonly tunnels: number; readonly ratePerSecond: number; readonly seconds: number },
): Promise<DeliveryResult> {
  const { tunnels, ratePerSecond, seconds } = options;
  return runClient(processors, "tunnel-client.ts", [port, tunnels, ratePerSecond, seconds]);
}

async function runClient<Result>(
  processors: string,
  script: string,
  args: readonly (string | number)[],
): Promise<Result> {
  await using client = new PinnedProcess(processors, [
    process.execPath,
    join(here, script),
    ...args.map(String),
  ]);
  const result: Result = JSON.parse(await client.finish());
  return result;
}
