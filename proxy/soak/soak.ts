import { setTimeout as pause } from "node:timers/promises";
import { replaceFile } from "../src/config/replace-file.ts";
import { SerinProcess } from "../test/process/serin-process.ts";
import { configFor } from "../test/process/test-upstream.ts";
import { MixedTraffic } from "./mixed-traffic.ts";
import { sampleProcess } from "./process-sample.ts";
import type { ProcessSample } from "./process-sample.ts";
import { startSoakVersion } from "./soak-versions.ts";

const REQUESTS_PER_SECOND = 200;
const SAMPLE_EVERY_MS = 10_000;
const RELOAD_EVERY_MS = 3000;

/** What the last quarter's median may be, given the second quarter's: room for the noise of the traffic itself. */
const BOUNDS: Readonly<Record<keyof ProcessSample, (before: number) => number>> = {
  rssMb: (before) => before * 1.1 + 8,
  descriptors: (before) => before * 1.15 + 20,
  sockets: (before) => before * 1.15 + 20,
  closeWait: (before) => before + 5,
};

/** Sockets that an idle Serin may hold above what it held before the first request: kept connections on their way out. */
const QUIET_MARGIN = 8;

/**
 * `npm run soak -w serin [minutes]`: mixed traffic with aborts, tunnels, faults of v2 and reloads; prints what the process
 * holds and exits with 1 when that grows, when a request ends as it should not, or when something stays behind.
 */
async function main(): Promise<void> {
  const minutes = Number(process.argv[2] ?? 10);
  await using v1 = await startSoakVersion("v1", false);
  await using v2 = await startSoakVersion("v2", true);
  await using serin = await SerinProcess.start(configFor(v1, v2, settings(0)));
  const pid = serin.child.pid ?? 0;
  const quiet = sampleProcess(pid);
  print("before", quiet, 0);
  const traffic = new MixedTraffic(serin.port, REQUESTS_PER_SECOND);
  let reloads = 0;
  const reloading = setInterval(() => {
    const before = configFor(v1, v2, settings(reloads));
    reloads += 1;
    void replaceFile(serin.configPath, configFor(v1, v2, settings(reloads)), before);
  }, RELOAD_EVERY_MS);
  const samples: ProcessSample[] = [];
  const startedMs = performance.now();
  while (performance.now() - startedMs < minutes * 60_000) {
    await pause(SAMPLE_EVERY_MS);
    const sample = sampleProcess(pid);
    samples.push(sample);
    print(`${Math.round((performance.now() - startedMs) / 1000)} s`, sample, traffic.sent, traffic.inFlight);
    // Nobody here reads the access log again; kept, it would be this process that grows.
    serin.log.length = 0;
  }
  clearInterval(reloading);
  await traffic.stop();
  const problems = [...new Set(traffic.unexpected)].map(
    (what) => `${traffic.unexpected.filter((one) => one === what).length} times ${what}`,
  );
  problems.push(...growthOf(samples));
  const after = await untilQuiet(pid, quiet);
  print("after", after, traffic.sent);
  if (after.sockets > quiet.sockets + QUIET_MARGIN) problems.push("sockets stay open after the traffic");
  for (const gauge of ["serin_in_flight", "serin_tunnels_active", "serin_worker_restarts_total"]) {
    const value = await serin.sumMetric(gauge);
    if (value !== 0) problems.push(`${gauge} is ${value} after the traffic`);
  }
  for (const [kind, counts] of traffic.outcomes)
    console.log(`${kind}: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ")}`);
  const applied = await serin.sumMetric("serin_config_reloads_total", 'result="applied"');
  console.log(
    `${traffic.sent} requests, ${traffic.skipped} left out because too many were under way; ${applied} of ${reloads} written configs applied`,
  );
  console.log(
    problems.length === 0 ? "flat, and every request ended as it should" : `PROBLEMS\n${problems.join("\n")}`,
  );
  if (problems.length > 0 || serin.stderr !== "") process.exitCode = 1;
  process.stderr.write(serin.stderr);
}

function settings(reload: number): string {
  return `split: { percentage: ${reload % 20 < 10 ? 50 : 40} }
limits: { maxHeaders: ${100 + (reload % 7)} }
release: { rollback: "off", quarantineMs: 5000 }
`;
}

function growthOf(samples: readonly ProcessSample[]): string[] {
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) return ["too short to compare quarters"];
  const found: string[] = [];
  for (const key of ["rssMb", "descriptors", "sockets", "closeWait"] as const) {
    const second = median(samples.slice(quarter, 2 * quarter).map((sample) => sample[key]));
    const last = median(samples.slice(-quarter).map((sample) => sample[key]));
    const bound = BOUNDS[key](second);
    console.log(
      `${key}: second quarter ${second.toFixed(1)}, last ${last.toFixed(1)}, bound ${bound.toFixed(1)}`,
    );
    if (last > bound) found.push(`${key} grew`);
  }
  return found;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function untilQuiet(pid: number, quiet: ProcessSample): Promise<ProcessSample> {
  for (let attempt = 0; ; attempt += 1) {
    const sample = sampleProcess(pid);
    if (sample.sockets <= quiet.sockets + QUIET_MARGIN || attempt === 20) return sample;
    await pause(1000);
  }
}

function print(when: string, sample: ProcessSample, sent: number, inFlight = 0): void {
  const columns = [
    when.padStart(7),
    `${sample.rssMb.toFixed(1)} MiB`.padStart(11),
    `${sample.descriptors} descriptors`.padStart(16),
    `${sample.sockets} sockets`.padStart(12),
    `${sample.closeWait} close-wait`.padStart(14),
    `${inFlight} in flight`.padStart(14),
    `${sent} sent`.padStart(13),
  ];
  console.log(columns.join(""));
}

await main();
