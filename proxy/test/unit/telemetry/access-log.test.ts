import { pino } from "pino";
import { expect, test } from "vitest";
import { AccessLog } from "../../../src/telemetry/access-log.ts";
import type { AccessRecord } from "../../../src/telemetry/access-log.ts";

const RECORD: AccessRecord = {
  id: "4b1f4f4e-6c0e-4b7f-9d52-3a0d6f1f8a11",
  client: "192.0.2.1",
  method: "GET",
  path: "/api/v1/items",
  host: "cms.test",
  route: "api-v1",
  status: 200,
  version: "v1",
  reason: "hash",
  assignment: "v1",
  point: 512_345,
  bytes: 268,
  durationMs: 1.234,
  ttfbMs: null,
  agent: 'a "quoted" agent\u001b[31m\\ \u2028 \u00e9',
  failure: null,
};

/** A log whose batches are kept, with the count of dropped lines. */
function createLog(): { log: AccessLog; batches: Uint8Array<ArrayBuffer>[]; dropped: () => number } {
  const batches: Uint8Array<ArrayBuffer>[] = [];
  let dropped = 0;
  const log = new AccessLog(
    3,
    (lines) => batches.push(lines),
    (lines) => {
      dropped += lines;
    },
  );
  return { log, batches, dropped: () => dropped };
}

test("a line says what pino would have said, in the same order", () => {
  const { log, batches } = createLog();
  let expected = "";
  const logger = pino(
    { base: { worker: 3 }, formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => (expected = line) },
  );
  log.write(RECORD);
  logger.info(RECORD, "request");
  log.close();
  const line = Buffer.concat(batches).toString();
  // Read and written again: what is not ASCII may be spelt in more than one way.
  const normalise = (text: string): string => JSON.stringify({ ...JSON.parse(text), time: 0 });
  expect(normalise(line)).toBe(normalise(expected));
  expect(line).toMatch(/^[\x20-\x7e]+\n$/);
});

test("quotes, escapes and line ends in logged fields stay within one line", () => {
  const { log, batches } = createLog();
  log.write({ ...RECORD, path: '/a\n{"level":"fatal"}\r\n' });
  log.close();
  const lines = Buffer.concat(batches).toString().split("\n");
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    path: '/a\n{"level":"fatal"}\r\n',
    agent: RECORD.agent,
  });
});

test("lines are handed over in batches, each in memory of its own", () => {
  const { log, batches } = createLog();
  for (let i = 0; i < 1_000; i += 1) log.write(RECORD);
  log.close();
  expect(batches.length).toBeGreaterThan(3);
  expect(new Set(batches.map((batch) => batch.buffer)).size).toBe(batches.length);
  // What is transferred is the line's bytes and nothing else.
  for (const batch of batches) expect(batch.buffer.byteLength).toBe(batch.length);
  const lines = Buffer.concat(batches).toString().trimEnd().split("\n");
  expect(lines).toHaveLength(1_000);
});

test("lines are dropped and counted while what was handed over is not written, and taken again after", () => {
  const { log, batches, dropped } = createLog();
  const agent = "x".repeat(10_000);
  for (let i = 0; i < 1_000; i += 1) log.write({ ...RECORD, agent });
  expect(dropped()).toBeGreaterThan(0);
  const taken = 1_000 - dropped();
  log.acknowledge(batches.reduce((sum, batch) => sum + batch.length, 0));
  log.write(RECORD);
  log.close();
  expect(Buffer.concat(batches).toString().trimEnd().split("\n")).toHaveLength(taken + 1);
});
