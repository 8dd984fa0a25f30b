/**
 * Holds event streams open and prints how late their events came, as JSON:
 *
 *     node stream-client.ts PORT STREAMS SECONDS
 *
 * The upstream stamps each event with the monotonic clock, which all processes of a machine share.
 */
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { EVENT_BYTES, IDENTITY_HEADER, REQUEST_HEADERS } from "../payloads.ts";
import { quantile } from "../statistics.ts";

/** Events that came, streams that broke, and delays in milliseconds. */
export interface DeliveryResult {
  readonly messages: number;
  readonly broken: number;
  readonly p50: number;
  readonly p99: number;
}

const [port = 0, streamCount = 0, seconds = 0] = process.argv.slice(2).map(Number);
const delaysMs: number[] = [];
const state = { broken: 0, over: false };

const answers = await Promise.all(
  Array.from({ length: streamCount }, (_, user) => openStream(`user-${user}`)),
);
for (const answer of answers) readEvents(answer);
await pause(seconds * 1000);
state.over = true;
for (const answer of answers) answer.destroy();
const ascending = Float64Array.from(delaysMs).sort();
const result: DeliveryResult = {
  messages: ascending.length,
  broken: state.broken,
  p50: quantile(ascending, 0.5),
  p99: quantile(ascending, 0.99),
};
process.stdout.write(JSON.stringify(result));

async function openStream(user: string): Promise<IncomingMessage> {
  const sending = request({
    port,
    host: "127.0.0.1",
    path: "/stream",
    agent: false,
    headers: { ...REQUEST_HEADERS, [IDENTITY_HEADER]: user },
  }).end();
  const [answer]: IncomingMessage[] = await once(sending, "response");
  if (answer?.statusCode !== 200) throw new Error(`a stream was answered with ${answer?.statusCode}`);
  return answer;
}

function readEvents(answer: IncomingMessage): void {
  let pending = "";
  answer.setEncoding("latin1").on("data", (text: string) => {
    pending += text;
    const now = process.hrtime.bigint();
    while (pending.length >= EVENT_BYTES) {
      const stamp = BigInt(pending.slice("data: ".length, EVENT_BYTES).trim());
      delaysMs.push(Number(now - stamp) / 1e6);
      pending = pending.slice(EVENT_BYTES);
    }
  });
  answer.on("close", () => {
    if (!state.over) state.broken += 1;
  });
  answer.on("error", () => undefined);
}
