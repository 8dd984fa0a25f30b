import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { SerinProcess } from "../test/process/serin-process.ts";
import { TestUpstream, configFor } from "../test/process/test-upstream.ts";
import { ask } from "./ask.ts";
import { sampleProcess } from "./process-sample.ts";

const CROWD = join(import.meta.dirname, "crowd-child.ts");
const IDLE = 10_000;
/** Until the buffers between Serin and those who do not read are full: a burst of downloads, not yet slow reading. */
const SETTLE_MS = 3000;
const PAGE = Buffer.alloc(1024, "p");
const BIG = Buffer.alloc(8 * 1024 * 1024, "b");
const REQUESTS_PER_SECOND = 200;
const MEASURE_MS = 5000;
const ROUNDS = 5;
/** A worker holds any number of the crowd: the system deals connections out, not evenly. */
const LIMITS =
  "limits: { maxConnections: 15000, keepAliveTimeoutMs: 600000, headersTimeoutMs: 600000, idleTimeoutMs: 600000 }\n";

/**
 * `npm run crowd -w serin`: latency of well-behaved clients without and with 10,000 idle connections, slow senders of
 * headers and slow readers, in turns; exits with 1 when the p99 doubles or a request fails. Each
 * of the two processes needs 12,000 descriptors (`ulimit -n`).
 */
async function main(): Promise<void> {
  await using upstream = await TestUpstream.start("v1", (request, response) => {
    response.end(request.url === "/big" ? BIG : PAGE);
  });
  upstream.server.keepAliveTimeout = 60_000;
  await using serin = await SerinProcess.start(configFor(upstream, upstream, LIMITS));
  const pid = serin.child.pid ?? 0;
  await measure(serin.port, "warm-up");
  const quiet: Latency[] = [];
  const crowded: Latency[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    quiet.push(await measure(serin.port, `round ${round}, alone`));
    const before = sampleProcess(pid);
    const crowd = fork(CROWD, [String(serin.port), String(IDLE)]);
    await untilTold(crowd, "idle");
    await pause(1000);
    const idle = sampleProcess(pid);
    const idleKiB = ((idle.rssMb - before.rssMb) * 1024) / (idle.sockets - before.sockets);
    console.log(
      `  ${idle.sockets - before.sockets} idle connections: ${before.rssMb.toFixed(1)} to ${idle.rssMb.toFixed(1)} MiB resident, ` +
        `${idleKiB.toFixed(1)} KiB each`,
    );
    crowd.send("attack");
    await untilTold(crowd, "attacking");
    await pause(SETTLE_MS);
    crowded.push(await measure(serin.port, `round ${round}, crowded`));
    const held = sampleProcess(pid);
    console.log(
      `  ${held.sockets} sockets, ${held.rssMb.toFixed(1)} MiB resident with slow headers and slow readers`,
    );
    if (crowd.exitCode !== null || held.sockets < IDLE) throw new Error("the crowd was not held");
    crowd.kill("SIGKILL");
    await untilGone(pid);
  }
  const p99 = (of: readonly Latency[]): number => median(of.map(({ p99Ms }) => p99Ms));
  const ratio = p99(crowded) / p99(quiet);
  console.log(
    `p99, median of ${ROUNDS} rounds: ${p99(quiet).toFixed(2)} ms alone, ${p99(crowded).toFixed(2)} ms crowded, ratio ${ratio.toFixed(2)}`,
  );
  const failed = [...quiet, ...crowded].reduce((sum, latency) => sum + latency.failed, 0);
  if (ratio >= 2 || failed > 0 || serin.stderr !== "") process.exitCode = 1;
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/** Sends requests at a fixed rate and takes each one's time. */
async function measure(port: number, name: string): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const timesMs: number[] = [];
  const running: Promise<void>[] = [];
  let failed = 0;
  const askOne = async (identity: string): Promise<void> => {
    const sentMs = performance.now();
    const outcome = await ask(port, agent, { path: "/", identity });
    timesMs.push(performance.now() - sentMs);
    if (outcome !== "200") failed += 1;
  };
  const startedMs = performance.now();
  while (performance.now() - startedMs < MEASURE_MS) {
    const due = ((performance.now() - startedMs) / 1000) * REQUESTS_PER_SECOND;
    while (running.length < due) running.push(askOne(`user-${running.length}`));
    await pause(5);
  }
  await Promise.all(running);
  agent.destroy();
  timesMs.sort((a, b) => a - b);
  const at = (share: number): number => timesMs[Math.floor(timesMs.length * share)] ?? Number.NaN;
  const latency = { p50Ms: at(0.5), p99Ms: at(0.99), failed };
  console.log(
    `${name}: ${timesMs.length} requests, p50 ${latency.p50Ms.toFixed(2)} ms, p99 ${latency.p99Ms.toFixed(2)} ms, ${failed} failed`,
  );
  return latency;
}

/** Waits for the crowd to say that it is where it should be. */
async function untilTold(crowd: ChildProcess, what: string): Promise<void> {
  const [told]: unknown[] = await once(crowd, "message", { signal: AbortSignal.timeout(60_000) });
  if (told !== what) throw new Error(`the crowd said ${String(told)}`);
}

async function untilGone(pid: number): Promise<void> {
  for (let attempt = 0; sampleProcess(pid).sockets > 200; attempt += 1) {
    if (attempt === 50) throw new Error("the crowd's sockets stay open");
    await pause(200);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

await main();
