import { readFileSync } from "node:fs";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

const MIB = 1024 * 1024;
const SIZE = 200 * MIB;
/** How much a stream of 200 MiB may add to the process: buffers of a few connections, not the stream. */
const ALLOWED_MIB = 80;

/** Resident memory of a process in MiB, from Linux's /proc. */
function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Waits for the work and gives the most memory that the process held meanwhile. */
async function peakMibDuring(pid: number, work: Promise<unknown>): Promise<number> {
  let peak = residentMib(pid);
  const watching = setInterval(() => {
    peak = Math.max(peak, residentMib(pid));
  }, 20);
  await work;
  clearInterval(watching);
  return peak;
}

function send(url: string, method: string, body: Readable | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { "x-user-id": "user-42" } }, resolve);
    sent.on("error", reject);
    if (body === null) sent.end();
    else body.pipe(sent);
  });
}

async function countBytes(stream: Readable): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

function* blocks(): Generator<Buffer> {
  const block = Buffer.alloc(64 * 1024, 7);
  for (let sent = 0; sent < SIZE; sent += block.length) yield block;
}

test("streams 200 MiB up and 200 MiB down with flat memory", { timeout: 120_000 }, async () => {
  await using v2 = await TestUpstream.start("v2", (incoming, response) => {
    if (incoming.method === "GET") Readable.from(blocks()).pipe(response);
    else void countBytes(incoming).then((bytes) => response.end(String(bytes)));
  });
  await using serin = await SerinProcess.start(
    configFor(v2, v2, `workers: 1\nlimits:\n  maxBodyBytes: ${SIZE * 2}\nsplit:\n  percentage: 100\n`),
  );
  const { pid } = serin.child;
  if (pid === undefined) throw new Error("serin has no pid");
  // One request of each kind first: what is compared is a running process, not a cold one.
  await countBytes(await send(serin.url, "POST", Readable.from([Buffer.alloc(MIB)])));
  const before = residentMib(pid);

  const down = send(serin.url, "GET", null).then(countBytes);
  const downPeak = await peakMibDuring(pid, down);
  expect(await down).toBe(SIZE);

  const up = send(serin.url, "POST", Readable.from(blocks())).then((answer) => answer.toArray());
  const upPeak = await peakMibDuring(pid, up);
  expect(Buffer.concat(await up).toString()).toBe(String(SIZE));

  const say = (mib: number): string => `${mib.toFixed(0)} MiB`;
  console.log(`memory: ${say(before)} before, ${say(downPeak)} at most down, ${say(upPeak)} at most up`);
  expect(downPeak - before).toBeLessThan(ALLOWED_MIB);
  expect(upPeak - before).toBeLessThan(ALLOWED_MIB);
});
