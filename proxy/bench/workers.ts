/**
 * One worker against two: what a request costs, how late answers are, and how evenly a few long-lived connections,
 * as from a load balancer, fall on the workers:
 *
 *     npm run bench:workers -w serin
 *
 * Here Serin is not pinned to one processor, since two workers are there to use two; on a machine with two, load and
 * upstream share them, and requests per second say little.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "undici";
import { serinWithWorkers } from "./peers/peers.ts";
import { renderTable } from "./report.ts";
import { RunningPeer, RunningUpstream } from "./running-peer.ts";
import { overRounds } from "./statistics.ts";
import { hasLogged } from "./verify-peer.ts";
import { WORKLOADS, runAtFixedRate } from "./workloads.ts";

const ROUNDS = 5;
const SECONDS = 2;
const RATE_PER_SECOND = 3_000;
/** Connections that a load balancer may keep, and how often each number of them is tried. */
const CONNECTION_COUNTS = [4, 8, 16, 64];
const TRIES = 20;

const everywhere = `0-${availableParallelism() - 1}`;
const pinning = { proxy: everywhere, rest: everywhere };
const folder = mkdtempSync(join(tmpdir(), "serin-bench-"));
try {
  await using upstream = await RunningUpstream.start(everywhere);
  const conditions = { processors: everywhere, upstream, seconds: SECONDS };
  const small = WORKLOADS.find(({ name }) => name === "small");
  if (small === undefined) throw new Error("the small workload is gone");
  const rows = [
    ["workers", "CPU µs per request", "requests/s", `p50 ms at ${RATE_PER_SECOND}/s`, "p99 ms", "MiB"],
  ];
  await using one = await RunningPeer.start(serinWithWorkers(1), upstream, pinning, folder);
  await using two = await RunningPeer.start(serinWithWorkers(2), upstream, pinning, folder);
  const found = [one, two].map((peer) => ({
    peer,
    cost: [0].slice(1),
    rate: [0].slice(1),
    p50: [0].slice(1),
    p99: [0].slice(1),
  }));
  for (const { peer } of found) await small.run(peer, conditions);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { peer, cost, rate, p50, p99 } of found) {
      const closed = await small.run(peer, conditions);
      const open = await runAtFixedRate(peer, conditions, RATE_PER_SECOND);
      if ("fault" in closed) throw new Error(closed.fault);
      if ("fault" in open) throw new Error(open.fault);
      cost.push((closed.cpuMs * 1000) / closed.units);
      rate.push(closed.units / closed.seconds);
      p50.push(open.p50 ?? Number.NaN);
      p99.push(open.p99 ?? Number.NaN);
    }
  }
  for (const { peer, cost, rate, p50, p99 } of found) {
    rows.push([
      peer.peer.name,
      overRounds(cost).median.toFixed(1),
      overRounds(rate).median.toFixed(0),
      overRounds(p50).median.toFixed(2),
      overRounds(p99).median.toFixed(2),
      peer.readMemoryMiB().resident.toFixed(0),
    ]);
  }
  console.log(renderTable(rows));
  console.log(`\n${renderTable(await measureBalance(two))}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Opens few connections, again and again, and finds in the access log which worker got each. */
async function measureBalance(peer: RunningPeer): Promise<string[][]> {
  const rows = [["connections", "share of the busier worker, median", "worst", "tries in which one got all"]];
  for (const count of CONNECTION_COUNTS) {
    const shares: number[] = [];
    for (let attempt = 0; attempt < TRIES; attempt += 1) shares.push(await shareOfBusier(peer, count));
    const { median, highest } = overRounds(shares);
    const all = shares.filter((share) => share === 1).length;
    rows.push([String(count), percent(median), percent(highest), `${all} of ${TRIES}`]);
  }
  return rows;
}

async function shareOfBusier(peer: RunningPeer, count: number): Promise<number> {
  peer.emptyLog();
  const clients = Array.from({ length: count }, () => new Client(`http://127.0.0.1:${peer.port}`));
  for (const client of clients) {
    const { body } = await client.request({ path: "/small", method: "GET" });
    await body.dump();
  }
  await Promise.all(clients.map((client) => client.close()));
  if (!(await hasLogged(peer.logPath, count))) throw new Error("the access log lacks lines");
  const lines = readFileSync(peer.logPath, "utf8").trim().split("\n");
  const ofFirst = lines.filter((line) => {
    const { worker }: { worker?: number } = JSON.parse(line);
    return worker === 0;
  }).length;
  return Math.max(ofFirst, lines.length - ofFirst) / lines.length;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
