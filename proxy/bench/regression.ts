/**
 * Fails when a request has become dearer. What one costs depends on the machine, so it is held against what
 * @fastify/http-proxy costs in the same minute, at the same work:
 *
 *     npm run bench:regression -w serin [-- --bound 0.95]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { comparePeers } from "./comparison.ts";
import { PEERS } from "./peers/peers.ts";
import { choosePinning } from "./pinned-process.ts";
import { RunningUpstream } from "./running-peer.ts";
import { overRounds } from "./statistics.ts";

const YARDSTICK = "@fastify/http-proxy";
/** The most that Serin may cost of what the yardstick costs; docs/performance.md says what was measured. */
const BOUND = "0.95";
const ROUNDS = 5;
const SECONDS = 2;

const { values } = parseArgs({ options: { bound: { type: "string", default: BOUND } } });
const bound = Number(values.bound);
const pinning = choosePinning();
const folder = mkdtempSync(join(tmpdir(), "serin-bench-"));
try {
  await using upstream = await RunningUpstream.start(pinning.rest);
  const { peers } = await comparePeers({
    peers: PEERS.filter(({ name }) => name === "Serin" || name === YARDSTICK),
    workloads: ["small"],
    rounds: ROUNDS,
    pinning,
    conditions: { processors: pinning.rest, upstream, seconds: SECONDS },
    folder,
    say: (line) => process.stderr.write(`${line}\n`),
  });
  const costs = peers.map(({ name, rounds, faults }) => {
    for (const fault of faults.values()) throw new Error(`${name}: ${fault}`);
    // The lowest: whatever else the machine does adds to a round, and nothing takes away from it.
    return overRounds((rounds.get("small") ?? []).map(({ cpuMs, units }) => (cpuMs * 1000) / units)).lowest;
  });
  const [serin = Number.NaN, yardstick = Number.NaN] = costs;
  const ratio = serin / yardstick;
  console.log(
    `Serin ${serin.toFixed(1)} us CPU per request, ${YARDSTICK} ${yardstick.toFixed(1)} us: ${ratio.toFixed(2)}, bound ${bound}`,
  );
  // Not `ratio > bound`: no figure is no success.
  if (!(ratio <= bound)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
