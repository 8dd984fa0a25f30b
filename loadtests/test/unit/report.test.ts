import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createReport } from "../../src/report.ts";
import { quantile, readSamples } from "../../src/samples.ts";
import type { Samples } from "../../src/samples.ts";
import { summarise } from "../../src/summary.ts";

const start = Date.parse("2026-01-05T10:00:00Z");

function point(
  metric: string,
  seconds: number,
  value: number,
  tags: Readonly<Record<string, string>> = {},
): string {
  const time = new Date(start + seconds * 1000).toISOString();
  return JSON.stringify({ metric, type: "Point", data: { time, value, tags } });
}

function request(seconds: number, ms: number, version: string, status = "200"): string {
  return point("request_ms", seconds, ms, { version, status, endpoint: "posts" });
}

async function samplesOf(lines: readonly string[]): Promise<Samples> {
  const folder = await mkdtemp(path.join(tmpdir(), "serin-loadtest-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "samples.json");
  await writeFile(file, lines.join("\n"));
  return readSamples(file);
}

test("the nearest-rank quantile is one of the values", () => {
  const values = [40, 10, 30, 20];
  expect([0.25, 0.5, 0.95, 1].map((share) => quantile(values, share))).toEqual([10, 20, 40, 40]);
  expect(quantile([], 0.5)).toBeNaN();
});

test("samples are sorted by version and second; no answer and 5xx count as failed, 404 does not", async () => {
  const { from, to, byVersion, weights } = await samplesOf([
    '{"type":"Metric","metric":"request_ms","data":{"name":"request_ms"}}',
    point("weight_percent", 0, 50),
    request(0.2, 10, "v1"),
    request(0.9, 30, "v1", "503"),
    request(2.5, 5, "v2", "404"),
    request(2.6, 1, "none", "0"),
    point("http_req_duration", 9, 1),
  ]);
  expect([from, to].map((second) => second - start / 1000)).toEqual([0, 2]);
  expect(byVersion.get("v1")).toEqual(new Map([[from, { ms: [10, 30], failed: 1 }]]));
  expect(byVersion.get("v2")).toEqual(new Map([[to, { ms: [5], failed: 0 }]]));
  expect(byVersion.get("none")).toEqual(new Map([[to, { ms: [1], failed: 1 }]]));
  expect(weights).toEqual([{ at: start / 1000, percent: 50 }]);
});

test("a run without a request is an error, not an empty report", async () => {
  await expect(samplesOf([point("http_req_duration", 0, 1)])).rejects.toThrow("no request was made");
});

test("the summary has each version's quantiles, their ratio, and which thresholds held", async () => {
  const samples = await samplesOf([request(0, 30, "v1"), request(1, 90, "v1"), request(1, 30, "v2")]);
  const exported = {
    metrics: { request_failed: { value: 0, thresholds: { "rate<0.01": false, "rate==0": true } } },
  };
  const summary = summarise("load", samples, exported, 99);
  expect(summary.passed).toBe(false);
  expect(summary.seconds).toBe(2);
  expect(summary.versions.v1).toEqual({ requests: 2, failed: 0, p50Ms: 30, p95Ms: 90, p99Ms: 90, maxMs: 90 });
  expect(summary.ratio).toEqual({ p50: 1, p95: 1 / 3, p99: 1 / 3 });
  expect(summary.thresholds).toEqual([
    { metric: "request_failed", condition: "rate<0.01", held: true },
    { metric: "request_failed", condition: "rate==0", held: false },
  ]);
});

test("the page draws a line for each version and loads nothing from elsewhere", async () => {
  const samples = await samplesOf([
    point("weight_percent", 0, 50),
    ...[0, 1, 2].flatMap((second) => [request(second, 20, "v1"), request(second, 10, "v2")]),
  ]);
  const html = createReport(summarise("a<b", samples, { metrics: {} }, 0), samples);
  expect(html.match(/<svg /g)).toHaveLength(4);
  expect(html).toContain("a&lt;b");
  expect(html).not.toMatch(/(?:src|href)=|url\(|@import/);
  const paths = [...html.matchAll(/<path d="([^"]*)"/g)].map((match) => match[1]);
  expect(paths).toHaveLength(10);
  expect(paths.filter((drawn) => drawn === "" || drawn?.includes("NaN"))).toEqual([]);
});
