import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseSamples } from "../../../e2e/src/metrics.ts";
import type { Sample } from "../../../e2e/src/metrics.ts";
import { SerinProcess } from "../../../../proxy/test/process/serin-process.ts";
import { TestUpstream, configFor } from "../../../../proxy/test/process/test-upstream.ts";
import {
  CODE_LABELS,
  FAILURE_KINDS,
  LATENCY_BOUNDS_SECONDS,
  REASON_LABELS,
  VERSION_LABELS,
} from "../../../../proxy/src/telemetry/series.ts";
import { boundPort } from "../../../../proxy/src/net/bound-port.ts";
import { readQueries } from "../../src/dashboards.ts";
import { findSelectors } from "../../src/selectors.ts";
import type { Selector } from "../../src/selectors.ts";
import { readRules } from "../rule-files.ts";

/** Prometheus's own, and what a scrape adds. */
const ownMetrics = new Set(["up", "ALERTS"]);
const scrapeLabels = ["job", "instance", "namespace", "pod"];
/** Values of labels that the proxy has a closed list for; the rest is free. */
const labelValues: Readonly<Record<string, readonly string[]>> = {
  version: VERSION_LABELS,
  code: CODE_LABELS,
  reason: REASON_LABELS,
  kind: FAILURE_KINDS,
  verdict: ["inconclusive", "suspect", "harmful", "safe"],
  // Prometheus 3 writes whole numbers with a decimal.
  le: LATENCY_BOUNDS_SECONDS.flatMap((bound) =>
    Number.isInteger(bound) ? [String(bound), bound.toFixed(1)] : [String(bound)],
  ),
};

const rules = readRules();
const recorded = new Set(rules.filter(({ kind }) => kind === "record").map(({ name }) => name));
const expressions = [
  ...rules.map(({ name, expr }) => ({ where: `rule ${name}`, expr })),
  ...readQueries().map(({ dashboard, where, expr }) => ({ where: `${dashboard}: ${where}`, expr })),
];

let exposed: ReadonlyMap<string, ReadonlySet<string>>;
const cleanup = new AsyncDisposableStack();

beforeAll(async () => {
  const v1 = cleanup.use(await TestUpstream.start("v1"));
  const v2 = { url: `http://127.0.0.1:${await closedPort()}` };
  const config = configFor(v1, v2, "split:\n  percentage: 50\n");
  const serin = cleanup.use(await SerinProcess.start(config));
  // Enough users for both versions; v2 cannot be reached, so that failures and rescues have series as well.
  for (let user = 0; user < 20; user += 1) {
    const response = await fetch(`${serin.url}/api/v1/posts`, { headers: { "x-user-id": `user-${user}` } });
    await response.text();
  }
  const text = await (await fetch(`${serin.adminUrl}/metrics`)).text();
  exposed = readExposition(text);
});

afterAll(() => cleanup.disposeAsync());

test("there are rules and queries to check", () => {
  expect(expressions.length).toBeGreaterThan(60);
});

describe.each(expressions)("$where", ({ expr }) => {
  const selectors = findSelectors(expr);

  test("reads only metrics that the proxy exposes or a rule records", () => {
    const unknown = selectors
      .map(({ metric }) => metric)
      .filter((metric) => !ownMetrics.has(metric) && !recorded.has(metric) && !exposed.has(metric));
    expect(unknown).toEqual([]);
  });

  test("matches only labels that the metric has and values that the label can have", () => {
    expect(selectors.flatMap(findImpossible)).toEqual([]);
  });
});

/** What of a selector can never match anything. */
function findImpossible({ metric, matchers }: Selector): readonly string[] {
  const labels = exposed.get(metric);
  return matchers.flatMap(({ label, operator, value }) => {
    if (labels !== undefined && !labels.has(label) && !scrapeLabels.includes(label)) {
      return [`${metric} has no label ${label}`];
    }
    const wanted = operator.endsWith("~") ? value.split("|") : [value];
    const possible = labelValues[label] ?? wanted;
    return wanted
      .filter((one) => !possible.includes(one))
      .map((one) => `${metric}: ${label} is never ${one}`);
  });
}

/** Metric names, histograms by their series, each with the labels that its samples carry. */
function readExposition(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const labels = new Map<string, Set<string>>();
  for (const [, name = "", type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const series = type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    for (const one of series) labels.set(one, new Set());
  }
  for (const sample of parseSamples(text)) noteLabels(labels, sample);
  return labels;
}

function noteLabels(labels: Map<string, Set<string>>, sample: Sample): void {
  const known = labels.get(sample.name) ?? new Set();
  for (const label of Object.keys(sample.labels)) known.add(label);
  labels.set(sample.name, known);
}

/** A port that was free a moment ago and that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const port = boundPort(server);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
