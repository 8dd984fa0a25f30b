/**
 * Does a scrape of /metrics show in the latency of requests? Runs a real Serin in front of a small upstream, measures
 * request latency at a fixed rate (open loop: each request is timed from when it was due) in rounds with and without a
 * scraper that asks once a second (or as often as the argument says), interleaved, and prints medians.
 *
 *     npm run bench:scrape -w serin [-- SCRAPES_PER_SECOND]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import { SerinProcess } from "../test/process/serin-process.ts";
import { TestUpstream, configFor } from "../test/process/test-upstream.ts";

const ROUNDS = 5;
const ROUND_MS = 4_000;
const RATE_PER_SECOND = 1_000;
const CONNECTIONS = 32;
const SCRAPES_PER_SECOND = Number(process.argv[2] ?? 1);

await using upstream = await TestUpstream.start("v1", (_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "content-length": 2 });
  response.end("ok");
});
await using serin = await SerinProcess.start(configFor(upstream, upstream, "log:\n  access: false\n"));
const clients = Array.from({ length: CONNECTIONS }, () => new Client(serin.url));

await measure(1_000);
const without: number[][] = [];
const withScrapes: number[][] = [];
let scrapes = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  without.push(await measure(ROUND_MS));
  const scraping = new AbortController();
  const scraper = scrapeUntil(scraping.signal);
  withScrapes.push(await measure(ROUND_MS));
  scraping.abort();
  scrapes += await scraper;
}
await Promise.all(clients.map((client) => client.close()));

for (const share of [0.5, 0.99, 0.999]) {
  const a = median(without.map((round) => quantile(round, share)));
  const b = median(withScrapes.map((round) => quantile(round, share)));
  console.log(
    `p${share * 100}: ${a.toFixed(2)} ms without, ${b.toFixed(2)} ms with scrapes, ratio ${(b / a).toFixed(2)}`,
  );
}
console.log(`${scrapes} scrapes in ${(ROUNDS * ROUND_MS) / 1000} s, ${RATE_PER_SECOND} requests a second`);

/** Latencies in milliseconds, sorted. */
async function measure(durationMs: number): Promise<number[]> {
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  for (let sent = 0; ;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs >= durationMs) break;
    while ((sent * 1000) / RATE_PER_SECOND <= elapsedMs) {
      const client = clients[sent % CONNECTIONS];
      if (client !== undefined)
        pending.push(time(client, startMs + (sent * 1000) / RATE_PER_SECOND, latencies));
      sent += 1;
    }
    await sleep(1);
  }
  await Promise.all(pending);
  return latencies.toSorted((a, b) => a - b);
}

async function time(client: Client, dueMs: number, latencies: number[]): Promise<void> {
  const { body } = await client.request({ path: "/", method: "GET", headers: { "x-user-id": "user-1" } });
  await body.dump();
  latencies.push(performance.now() - dueMs);
}

async function scrapeUntil(signal: AbortSignal): Promise<number> {
  const admin = new Client(serin.adminUrl);
  let count = 0;
  while (!signal.aborted) {
    const { body } = await admin.request({ path: "/metrics", method: "GET" });
    await body.dump();
    count += 1;
    await sleep(1000 / SCRAPES_PER_SECOND);
  }
  await admin.close();
  return count;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
