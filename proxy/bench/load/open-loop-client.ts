/**
 * Sends requests at a fixed rate, whatever comes back, and prints their latencies as JSON:
 *
 *     node open-loop-client.ts PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS BODY_BYTES
 *
 * The loop is open: a request is sent when it is due, on any idle connection; when all are busy it waits in line and
 * the wait counts, so that a stall is seen by every request that was due in it (no coordinated omission). What the
 * client itself is late by, its own timer and its own share of a processor, is told apart (`latenessMs`).
 */
import { quantile } from "../statistics.ts";
import { IDENTITIES } from "../payloads.ts";
import { PlainConnection, renderRequest } from "./plain-connection.ts";

/** What the client found; latencies in milliseconds. */
export interface OpenLoopResult {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly latenessP99: number;
}

const [port = 0, , rate = 0, seconds = 0, connectionCount = 0, bodyBytes = 0] = process.argv
  .slice(2)
  .map(Number);
const path = process.argv[3] ?? "/";
/** Answers that are still out this long after the last was due count as failed. */
const GRACE_MS = 5_000;

const requests = Array.from({ length: IDENTITIES }, (_, user) => renderRequest(path, `user-${user}`));
const latencies: number[] = [];
const lateness: number[] = [];
const idle: PlainConnection[] = [];
const line: number[] = [];
let sent = 0;
let done = 0;
let failed = 0;

const connections = await Promise.all(
  Array.from({ length: connectionCount }, () => PlainConnection.open(port)),
);
idle.push(...connections);
const total = Math.floor(rate * seconds);
const startedMs = performance.now();
let dueCount = 0;
let deadlineMs = Number.POSITIVE_INFINITY;
tick();

function tick(): void {
  const nowMs = performance.now();
  while (dueCount < total && startedMs + (dueCount * 1000) / rate <= nowMs) {
    lateness.push(nowMs - (startedMs + (dueCount * 1000) / rate));
    dueCount += 1;
    // Counted from now: the client's own lateness is not the proxy's. It never depends on an answer.
    line.push(nowMs);
  }
  sendDue();
  if (dueCount === total && deadlineMs === Number.POSITIVE_INFINITY) deadlineMs = nowMs + GRACE_MS;
  if (done === total || nowMs > deadlineMs) finish();
  else setTimeout(tick, 1);
}

function sendDue(): void {
  while (line.length > 0) {
    const connection = idle.pop();
    if (connection === undefined) return;
    const dueMs = line.shift() ?? 0;
    const request = requests[sent % IDENTITIES] ?? requests[0];
    sent += 1;
    if (request === undefined) return;
    connection.send(request, (bytes) => {
      done += 1;
      if (bytes === bodyBytes) latencies.push(performance.now() - dueMs);
      else failed += 1;
      idle.push(connection);
      if (line.length > 0) sendDue();
    });
  }
}

function finish(): void {
  for (const connection of connections) connection.close();
  const ascending = Float64Array.from(latencies).sort();
  const result: OpenLoopResult = {
    requests: total,
    failed: failed + (total - done),
    p50: quantile(ascending, 0.5),
    p99: quantile(ascending, 0.99),
    p999: quantile(ascending, 0.999),
    latenessP99: quantile(Float64Array.from(lateness).sort(), 0.99),
  };
  process.stdout.write(JSON.stringify(result));
}
