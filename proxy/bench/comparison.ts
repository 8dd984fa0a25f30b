import { setTimeout as pause } from "node:timers/promises";
import type { Peer } from "./peers/peers.ts";
import type { Pinning } from "./pinned-process.ts";
import { runOpenLoop } from "./load/run-load.ts";
import { SMALL_BODY } from "./payloads.ts";
import { RunningPeer } from "./running-peer.ts";
import { findFault } from "./verify-peer.ts";
import { FIXED_RATE, WORKLOADS } from "./workloads.ts";
import type { Conditions, Round, Workload } from "./workloads.ts";

/** Before the first round each peer is used for this long, so that what compiles at run time has compiled. */
const WARM_UP_SECONDS = 2;
/** Between two rounds: what the last one left behind (closing connections, batches) is done in it. */
const SETTLE_MS = 300;

/** What is known of a peer in the end. */
export interface PeerResult {
  readonly name: string;
  readonly version: string;
  /** By workload. */
  readonly rounds: Map<string, Round[]>;
  /** Why it is not reported: by workload, or for all under the name `*`. */
  readonly faults: Map<string, string>;
  /** MiB after the small GETs, after everything, and the most that it ever was. */
  readonly memory: { warm: number; end: number; peak: number };
}

/** Everything that one run found. */
export interface Comparison {
  readonly peers: readonly PeerResult[];
  /** The open loop without any proxy between. */
  readonly direct: readonly { readonly p50: number; readonly p99: number; readonly p999: number }[];
  readonly notInstalled: readonly string[];
}

/** Runs all workloads over all peers, rounds interleaved: what disturbs the machine for a while disturbs all alike. */
export async function comparePeers(options: {
  readonly peers: readonly Peer[];
  readonly workloads: readonly string[];
  readonly rounds: number;
  readonly pinning: Pinning;
  readonly conditions: Conditions;
  readonly folder: string;
  readonly say: (line: string) => void;
}): Promise<Comparison> {
  const { peers, rounds, pinning, conditions, folder, say } = options;
  const notInstalled: string[] = [];
  const results: PeerResult[] = [];
  const direct: { p50: number; p99: number; p999: number }[] = [];
  await using stack = new AsyncDisposableStack();
  const running: { peer: RunningPeer; result: PeerResult }[] = [];
  for (const peer of peers) {
    const version = peer.version();
    if (version === null) {
      notInstalled.push(peer.name);
      continue;
    }
    const result = createResult(peer.name, version);
    results.push(result);
    const started = stack.use(await RunningPeer.start(peer, conditions.upstream, pinning, folder));
    const fault = await findFault(started.port);
    if (fault === null) running.push({ peer: started, result });
    else result.faults.set("*", fault);
    say(`${peer.name} ${version}: ${fault ?? "does its work"}`);
    if (fault === null) await warmUp(started, conditions);
  }
  for (const workload of WORKLOADS.filter(({ name }) => options.workloads.includes(name))) {
    for (let round = 0; round < rounds; round += 1) {
      for (const { peer, result } of rotate(running, round)) {
        await measure(workload, peer, result, conditions, say);
        await pause(SETTLE_MS);
      }
      if (workload.name === "fixed-rate") direct.push(await measureDirect(conditions));
    }
    for (const { peer, result } of running) noteMemory(workload, peer, result);
  }
  return { peers: results, direct, notInstalled };
}

function createResult(name: string, version: string): PeerResult {
  const nothing = Number.NaN;
  return {
    name,
    version,
    rounds: new Map(),
    faults: new Map(),
    memory: { warm: nothing, end: nothing, peak: nothing },
  };
}

async function warmUp(peer: RunningPeer, conditions: Conditions): Promise<void> {
  const small = WORKLOADS.find(({ name }) => name === "small");
  await small?.run(peer, { ...conditions, seconds: WARM_UP_SECONDS });
}

async function measure(
  workload: Workload,
  peer: RunningPeer,
  result: PeerResult,
  conditions: Conditions,
  say: (line: string) => void,
): Promise<void> {
  const { name, needsTunnels } = workload;
  if (result.faults.has(name)) return;
  if (needsTunnels && !peer.peer.tunnels) {
    result.faults.set(name, "has no tunnels");
    return;
  }
  const round = await workload.run(peer, conditions).catch((error: unknown) => ({ fault: String(error) }));
  if ("fault" in round) {
    result.faults.set(name, round.fault);
    say(`${name}: ${result.name}: not reported: ${round.fault}`);
    return;
  }
  result.rounds.set(name, [...(result.rounds.get(name) ?? []), round]);
  const cost = ((round.cpuMs * 1000) / round.units).toFixed(1);
  const rate = Math.round(round.units / round.seconds);
  const tail = round.p99 === null ? "" : `, p99 ${round.p99.toFixed(2)} ms`;
  say(`${name}: ${result.name}: ${cost} us CPU per ${workload.unit}, ${rate}/s${tail}`);
}

async function measureDirect(conditions: Conditions): Promise<{ p50: number; p99: number; p999: number }> {
  const { processors, upstream, seconds } = conditions;
  return runOpenLoop(processors, upstream.v1Port, {
    path: "/small",
    ratePerSecond: FIXED_RATE,
    seconds,
    connections: 32,
    bodyBytes: SMALL_BODY.length,
  });
}

function noteMemory(workload: Workload, peer: RunningPeer, result: PeerResult): void {
  const { resident, peak } = peer.readMemoryMiB();
  if (workload.name === "small") result.memory.warm = resident;
  result.memory.end = resident;
  result.memory.peak = peak;
}

/** Another one is first in each round. */
function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
