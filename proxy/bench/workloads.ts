import { runClosedLoop, runOpenLoop, runStreams, runTunnels } from "./load/run-load.ts";
import { LARGE_BYTES, SMALL_BODY, UPLOAD_BYTES } from "./payloads.ts";
import type { RunningPeer, RunningUpstream } from "./running-peer.ts";
import { hasLogged } from "./verify-peer.ts";

/** What one round of a workload found. */
export interface Round {
  /** Requests, events or messages. */
  readonly units: number;
  readonly seconds: number;
  readonly cpuMs: number;
  /** In milliseconds, where the workload's rate is fixed. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
}

/** Why a round's figures are no figures. */
export interface Fault {
  readonly fault: string;
}

/** Processors of the load, the load's upstream, and how long a round is. */
export interface Conditions {
  readonly processors: string;
  readonly upstream: RunningUpstream;
  readonly seconds: number;
}

/** Something to measure peers at. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly unit: "request" | "event" | "message";
  readonly needsTunnels: boolean;
  readonly run: (peer: RunningPeer, conditions: Conditions) => Promise<Round | Fault>;
}

/** Requests a second of the fixed-rate workload: below what the slowest peer can carry. */
export const FIXED_RATE = 1_500;
const STREAMS = 100;
const TUNNELS = 100;
const MESSAGES_PER_SECOND = 1_000;
/** What it takes to open a connection, added to a round: 2,000 of them would fill a short one. */
const CONNECTING_SECONDS = 0.001;

/** The workloads, in the order in which they are run and reported. */
export const WORKLOADS: readonly Workload[] = [
  closedLoop("small", "Small GET, 64 connections, as fast as it goes", {
    connections: 64,
    path: "/small",
    bodyBytes: 0,
    answerBytes: SMALL_BODY.length,
  }),
  {
    name: "fixed-rate",
    title: `Small GET, ${FIXED_RATE} requests a second on 32 connections, open loop`,
    unit: "request",
    needsTunnels: false,
    run: (peer, conditions) => runAtFixedRate(peer, conditions, FIXED_RATE),
  },
  closedLoop("upload", "POST of 16 KiB, 32 connections", {
    connections: 32,
    path: "/upload",
    bodyBytes: UPLOAD_BYTES,
    answerBytes: 0,
  }),
  closedLoop("large", "GET of 1 MiB, 8 connections", {
    connections: 8,
    path: "/large",
    bodyBytes: 0,
    answerBytes: LARGE_BYTES,
  }),
  {
    name: "streams",
    title: `${STREAMS} event streams, 50 events of 100 bytes a second on each`,
    unit: "event",
    needsTunnels: false,
    run: (peer, { processors, seconds }) =>
      account(peer, async () => {
        const { messages, broken, p50, p99 } = await runStreams(processors, peer.port, {
          streams: STREAMS,
          seconds,
        });
        if (broken > 0) return { fault: `${broken} streams broke` };
        return { units: messages, seconds, p50, p99, p999: null };
      }),
  },
  {
    name: "tunnels",
    title: `${TUNNELS} WebSockets, ${MESSAGES_PER_SECOND} messages a second there and back over all`,
    unit: "message",
    needsTunnels: true,
    run: (peer, { processors, seconds }) =>
      account(peer, async () => {
        const { messages, broken, p50, p99 } = await runTunnels(processors, peer.port, {
          tunnels: TUNNELS,
          ratePerSecond: MESSAGES_PER_SECOND,
          seconds,
        });
        if (broken > 0) return { fault: `${broken} messages or tunnels were lost` };
        return { units: messages, seconds, p50, p99, p999: null };
      }),
  },
  closedLoop("slow", "Small GET from an upstream that takes 50 ms, 2,000 connections", {
    connections: 2_000,
    path: "/slow",
    bodyBytes: 0,
    answerBytes: SMALL_BODY.length,
  }),
];

function closedLoop(
  name: string,
  title: string,
  load: {
    readonly connections: number;
    readonly path: string;
    readonly bodyBytes: number;
    /** The least that each answer must have. */
    readonly answerBytes: number;
  },
): Workload {
  return {
    name,
    title,
    unit: "request",
    needsTunnels: false,
    run: (peer, { processors, upstream, seconds }) =>
      account(peer, async () => {
        const before = await upstream.countRequests();
        const result = await runClosedLoop(processors, peer.port, {
          ...load,
          seconds: seconds + Math.round(load.connections * CONNECTING_SECONDS),
        });
        const arrived = (await upstream.countRequests()) - before;
        if (result.requests === 0) return { fault: "no request was answered" };
        if (result.failed > 0) return { fault: `${result.failed} requests failed` };
        if (result.bytes < result.requests * load.answerBytes) return { fault: "answers were too short" };
        // Each connection may have one under way at the end, and so may those of the round before.
        if (arrived < result.requests || arrived > result.requests + 2 * load.connections)
          return { fault: `${result.requests} answers, but ${arrived} requests reached the versions` };
        if (!(await hasLogged(peer.logPath, result.requests)))
          return { fault: `the access log lacks lines of ${result.requests} requests` };
        return { units: result.requests, seconds: result.seconds, p50: null, p99: null, p999: null };
      }),
  };
}

/** The open loop at any rate. */
export function runAtFixedRate(
  peer: RunningPeer,
  { processors, upstream, seconds }: Conditions,
  ratePerSecond: number,
): Promise<Round | Fault> {
  return account(peer, async () => {
    const before = await upstream.countRequests();
    const { requests, failed, p50, p99, p999 } = await runOpenLoop(processors, peer.port, {
      path: "/small",
      ratePerSecond,
      seconds,
      connections: 32,
      bodyBytes: SMALL_BODY.length,
    });
    const arrived = (await upstream.countRequests()) - before;
    if (failed > 0) return { fault: `${failed} of ${requests} requests failed` };
    if (arrived !== requests) return { fault: `${requests} sent, but ${arrived} reached the versions` };
    if (!(await hasLogged(peer.logPath, requests))) return { fault: "the access log lacks lines" };
    return { units: requests, seconds, p50, p99, p999 };
  });
}

/** Runs a load with an empty access log and an account of the peer's CPU around it. */
async function account(
  peer: RunningPeer,
  load: () => Promise<Omit<Round, "cpuMs"> | Fault>,
): Promise<Round | Fault> {
  peer.emptyLog();
  const before = peer.readCpuMs();
  const result = await load();
  const cpuMs = peer.readCpuMs() - before;
  return "fault" in result ? result : { ...result, cpuMs };
}
