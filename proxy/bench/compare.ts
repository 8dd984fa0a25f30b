/**
 * Serin and its peers side by side, with equal work, in one run:
 *
 *     npm run bench -w serin [-- --rounds 3 --seconds 3 --peers Serin,nginx --workloads small,upload]
 *
 * A run over all peers and workloads writes its tables to docs/performance.md; a narrower one prints them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { comparePeers } from "./comparison.ts";
import { replaceSection } from "./generated-section.ts";
import { PEERS } from "./peers/peers.ts";
import { choosePinning } from "./pinned-process.ts";
import { renderComparison } from "./report.ts";
import { RunningUpstream } from "./running-peer.ts";
import { WORKLOADS } from "./workloads.ts";

const PAGE = join(import.meta.dirname, "../../docs/performance.md");

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    peers: { type: "string" },
    workloads: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const peers = PEERS.filter(({ name }) => values.peers?.split(",").includes(name) ?? true);
const workloads = values.workloads?.split(",") ?? WORKLOADS.map(({ name }) => name);
if (!(rounds >= 1 && seconds >= 1 && peers.length > 0)) throw new RangeError("nothing to measure");

const pinning = choosePinning();
const folder = mkdtempSync(join(tmpdir(), "serin-bench-"));
try {
  await using upstream = await RunningUpstream.start(pinning.rest);
  const comparison = await comparePeers({
    peers,
    workloads,
    rounds,
    pinning,
    conditions: { processors: pinning.rest, upstream, seconds },
    folder,
    say: (line) => process.stderr.write(`${line}\n`),
  });
  const text = renderComparison(comparison, { date: new Date(), rounds, seconds });
  const isWhole = values.peers === undefined && values.workloads === undefined;
  if (isWhole) replaceSection(PAGE, "comparison", text);
  process.stdout.write(text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
