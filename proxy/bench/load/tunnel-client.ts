/**
 * Holds WebSocket tunnels open, sends a message on each at a fixed rate, and prints how long they took to come back:
 *
 *     node tunnel-client.ts PORT TUNNELS MESSAGES_PER_SECOND SECONDS
 */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { IDENTITY_HEADER } from "../payloads.ts";
import { quantile } from "../statistics.ts";
import type { DeliveryResult } from "./stream-client.ts";

const [port = 0, tunnelCount = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const tripsMs: number[] = [];
const state = { broken: 0, over: false };

const tunnels = await Promise.all(
  Array.from({ length: tunnelCount }, (_, user) => openTunnel(`user-${user}`)),
);
const startedMs = performance.now();
let sent = 0;
while (performance.now() - startedMs < seconds * 1000) {
  const due = Math.floor(((performance.now() - startedMs) * rate) / 1000);
  for (; sent < due; sent += 1) tunnels[sent % tunnelCount]?.send(String(performance.now()));
  await pause(1);
}
// What is still on its way may arrive.
await pause(200);
state.over = true;
for (const tunnel of tunnels) tunnel.terminate();
const ascending = Float64Array.from(tripsMs).sort();
const result: DeliveryResult = {
  messages: ascending.length,
  broken: state.broken + (sent - ascending.length),
  p50: quantile(ascending, 0.5),
  p99: quantile(ascending, 0.99),
};
process.stdout.write(JSON.stringify(result));

async function openTunnel(user: string): Promise<WebSocket> {
  const tunnel = new WebSocket(`ws://127.0.0.1:${port}/tunnel`, {
    perMessageDeflate: false,
    headers: { [IDENTITY_HEADER]: user },
  });
  await once(tunnel, "open");
  tunnel.on("message", (message: Buffer) => {
    tripsMs.push(performance.now() - Number(message.toString()));
  });
  tunnel.on("close", () => {
    if (!state.over) state.broken += 1;
  });
  tunnel.on("error", () => undefined);
  return tunnel;
}
