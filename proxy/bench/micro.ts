/**
 * What the parts of a request cost, one by one, in microseconds of this thread's CPU time:
 *
 *     npm run bench:micro -w serin
 *
 * Inputs take turns, so that nothing can be computed once and for all; each figure is the median of many batches.
 */
import { guardRequest } from "../src/data/guard.ts";
import { loadHashes } from "../src/hashes.ts";
import { decideVersion } from "../src/split/decide.ts";
import { readIdentity } from "../src/split/identity.ts";
import type { Source } from "../src/split/identity.ts";
import { hashIdentity } from "../src/split/point.ts";
import { AccessLog } from "../src/telemetry/access-log.ts";
import { SlabSlice, createSlab } from "../src/telemetry/slab.ts";
import { IDENTITY_HEADER, REQUEST_HEADERS } from "./payloads.ts";
import { overRounds } from "./statistics.ts";

const INPUTS = 1_024;
/** Long enough for the clock of CPU time, which may tick in hundredths of a second. */
const BATCH_US = 100_000;
const BATCHES = 21;
/** Results end up here, so that no call is without effect. */
const sink = { value: 0 };

const { hash32 } = await loadHashes();
const sources: readonly Source[] = [
  { kind: "header", name: IDENTITY_HEADER },
  { kind: "jwt", claim: "sub" },
  { kind: "cookie", name: "serin_id" },
];
const settings = { weightPpm: 250_000, offset: 0, killSwitch: false, aborted: false };
const limits = { maxHeaders: 200, maxTargetBytes: 8192, maxBodyBytes: 1_073_741_824 };
const identityNames = new Set([IDENTITY_HEADER]);
const raw = Array.from({ length: INPUTS }, (_, i) => [
  "Host",
  "bench.test",
  ...Object.entries(REQUEST_HEADERS).flat(),
  IDENTITY_HEADER,
  `user-${i}`,
]);
const flat = raw.map((headers) => headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text)));
const slab = new SlabSlice(createSlab(1), 0);
const log = new AccessLog(
  0,
  () => log.acknowledge(Number.MAX_SAFE_INTEGER),
  () => {
    throw new Error("a line was dropped");
  },
);

measure("identity + hash + decision", 0.6, (i) => {
  const identity = readIdentity(sources, flat[i] ?? [], "192.0.2.1");
  const hash = identity === null ? null : hashIdentity(hash32, "cms-v2", identity);
  const decision = decideVersion(settings, { pin: null, override: null, quarantined: false, hash });
  sink.value += decision.version.length;
});
measure("guard, eight headers", 3, (i) => {
  const head = guardRequest("GET", `/api/v1/items/${i}?page=2`, 1, 1, raw[i] ?? [], limits, identityNames);
  sink.value += "code" in head ? 0 : head.headers.length;
});
measure("slab, all updates of one request", 0.2, (i) => {
  const version = (i & 1) === 0 ? "v1" : "v2";
  slab.addVersioned("inFlight", version, 1);
  slab.noteIdentity(version, i * 2_654_435);
  slab.observeTtfb(version, i & 3, i / 100);
  slab.observeDuration(version, i & 3, i / 90);
  slab.countRequest(version, i & 3, 200, "hash");
  slab.addVersioned("inFlight", version, -1);
});
measure("access-log line", 1.5, (i) => {
  log.write({
    id: "4b1f4f4e-6c0e-4b7f-9d52-3a0d6f1f8a11",
    client: "192.0.2.1",
    method: "GET",
    path: `/api/v1/items/${i}`,
    host: "bench.test",
    route: "api-v1",
    status: 200,
    version: "v1",
    reason: "hash",
    assignment: "v1",
    point: 500_000 + i,
    bytes: 268,
    durationMs: 1.234 + i,
    ttfbMs: 1.1 + i,
    agent: REQUEST_HEADERS["user-agent"],
    failure: null,
  });
});
log.close();

function measure(name: string, goalUs: number, run: (input: number) => void): void {
  const perCallUs: number[] = [];
  const calls = Math.round(BATCH_US / goalUs);
  // The first batches, in which the code is still being compiled, fall out with the median.
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const before = process.threadCpuUsage();
    for (let i = 0; i < calls; i += 1) run(i % INPUTS);
    const { user, system } = process.threadCpuUsage(before);
    perCallUs.push((user + system) / calls);
  }
  const { median, lowest } = overRounds(perCallUs);
  const verdict = median <= goalUs ? "met" : "missed";
  console.log(
    `${name}: ${median.toFixed(3)} us (lowest ${lowest.toFixed(3)}), goal ${goalUs.toFixed(1)}: ${verdict}`,
  );
}
