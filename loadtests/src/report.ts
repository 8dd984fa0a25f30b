import { drawPlot, escape, format } from "./plot.ts";
import type { Line } from "./plot.ts";
import { quantile } from "./samples.ts";
import type { Answerer, Samples, Second } from "./samples.ts";
import type { Summary } from "./summary.ts";

const colors: Readonly<Record<Answerer, string>> = { v1: "#3b7dd8", v2: "#e8731a", none: "#888888" };
/** Most points of a line: a soak of hours is drawn in steps of several seconds. */
const maxPoints = 300;

/** The report as one HTML page that needs nothing else. */
export function createReport(summary: Summary, samples: Samples): string {
  const stepSeconds = Math.max(1, Math.ceil(summary.seconds / maxPoints));
  const lines = (y: (second: Second, seconds: number) => number, suffix = "", dashed = false): Line[] =>
    present(samples).map((version) => ({
      name: `${version}${suffix}`,
      color: colors[version],
      dashed,
      points: pointsOf(samples, version, stepSeconds, y),
    }));
  const seconds = summary.seconds;
  const quantileLines = (share: number, name: string, dashed: boolean): Line[] =>
    lines(({ ms }) => quantile(ms, share), ` ${name}${dashed ? " (dashed)" : ""}`, dashed);
  const plots = [
    drawPlot({
      title: "Requests",
      unit: "a second",
      seconds,
      lines: lines(({ ms }, length) => ms.length / length),
    }),
    drawPlot({
      title: "Latency, median and p95",
      unit: "ms",
      seconds,
      lines: [...quantileLines(0.95, "p95", false), ...quantileLines(0.5, "p50", true)],
    }),
    drawPlot({
      title: "Share of v2, and the weight",
      unit: "%",
      seconds,
      top: 100,
      lines: shareLines(samples, stepSeconds, seconds),
    }),
    drawPlot({
      title: "Failed",
      unit: "a second",
      seconds,
      lines: lines(({ failed }, length) => failed / length),
    }),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Load test: ${escape(summary.script)}</title><style>${style}</style></head><body>
<h1>${escape(summary.script)} <b class="${summary.passed ? "good" : "bad"}">${summary.passed ? "passed" : "failed"}</b></h1>
<p>${escape(summary.startedAt)}, ${summary.seconds} s${ratioSentence(summary)}</p>
<h2>Thresholds</h2>${thresholdTable(summary)}
<h2>Versions</h2>${versionTable(summary)}
<h2>Over time</h2><div class="plots">${plots.join("\n")}</div>
<h2>Endpoints</h2>${endpointTable(samples)}
<h2>Measured by the script</h2>${metricTable(summary)}
</body></html>
`;
}

function present(samples: Samples): Answerer[] {
  return [...samples.byVersion].filter(([, seconds]) => seconds.size > 0).map(([version]) => version);
}

function pointsOf(
  samples: Samples,
  version: Answerer,
  stepSeconds: number,
  y: (second: Second, seconds: number) => number,
): [number, number][] {
  const points: [number, number][] = [];
  for (let at = samples.from; at <= samples.to; at += stepSeconds) {
    const merged: Second = { ms: [], failed: 0 };
    for (let second = at; second < at + stepSeconds; second += 1) {
      const found = samples.byVersion.get(version)?.get(second);
      merged.ms.push(...(found?.ms ?? []));
      merged.failed += found?.failed ?? 0;
    }
    points.push([at - samples.from, y(merged, Math.min(stepSeconds, samples.to - at + 1))]);
  }
  return points;
}

function shareLines(samples: Samples, stepSeconds: number, seconds: number): Line[] {
  const count = (version: Answerer): [number, number][] =>
    pointsOf(samples, version, stepSeconds, ({ ms }) => ms.length);
  const v1 = count("v1");
  const share = count("v2").map(([at, v2], index): [number, number] => [
    at,
    (100 * v2) / (v2 + (v1[index]?.[1] ?? 0)),
  ]);
  const weight = samples.weights.flatMap(({ at, percent }, index): [number, number][] => [
    [at - samples.from, percent],
    [(samples.weights[index + 1]?.at ?? samples.from + seconds) - samples.from, percent],
  ]);
  return [
    { name: "share of v2", color: colors.v2, points: share },
    { name: "weight", color: "#777777", dashed: true, points: weight },
  ];
}

function ratioSentence({ ratio }: Summary): string {
  return ratio === null
    ? ""
    : `. v2's latency over v1's: <b>${format(ratio.p50)}</b> at the median, <b>${format(ratio.p95)}</b> at p95, <b>${format(ratio.p99)}</b> at p99`;
}

function thresholdTable({ thresholds }: Summary): string {
  return table(
    ["metric", "condition", ""],
    thresholds.map(({ metric, condition, held }) => [
      escape(metric),
      escape(condition),
      `<b class="${held ? "good" : "bad"}">${held ? "held" : "crossed"}</b>`,
    ]),
  );
}

function versionTable({ versions }: Summary): string {
  return table(
    ["version", "requests", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms"],
    Object.entries(versions).map(([version, { requests, failed, p50Ms, p95Ms, p99Ms, maxMs }]) => [
      version,
      ...[requests, failed, p50Ms, p95Ms, p99Ms, maxMs].map(format),
    ]),
  );
}

function endpointTable({ byEndpoint }: Samples): string {
  const rows = [...byEndpoint].flatMap(([endpoint, versions]) =>
    [...versions].map(([version, ms]) => [
      escape(endpoint),
      version,
      format(ms.length),
      ...[0.5, 0.95, 0.99].map((share) => format(quantile(ms, share))),
    ]),
  );
  return table(
    ["endpoint", "version", "requests", "p50 ms", "p95 ms", "p99 ms"],
    rows.toSorted((a, b) => a.join().localeCompare(b.join())),
  );
}

/** The script's own metrics, without k6's and without those that the tables above show in full. */
function metricTable({ metrics }: Summary): string {
  const own = Object.entries(metrics).filter(
    ([name]) => !/^(?:http_|iteration|data_|vus|checks|group_|request_ms|dropped)/.test(name),
  );
  return table(
    ["metric", "values"],
    own.map(([name, value]) => [escape(name), escape(describe(value))]),
  );
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .map(([name, number]) => `${name} ${format(number)}`)
    .join(", ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "<p>None.</p>";
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}

const style = `
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1540px;padding:0 1rem;color:#222;background:#fff}
h1 b{font-size:.6em;padding:.15em .6em;border-radius:.3em;vertical-align:middle}
.good{color:#17692f;background:#e2f4e7}.bad{color:#a11616;background:#fbe4e4}td b{padding:0 .4em;border-radius:.2em}
table{border-collapse:collapse}th,td{text-align:left;padding:.25rem 1rem .25rem 0;border-bottom:1px solid #e5e5e5;font-variant-numeric:tabular-nums}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(560px,1fr));gap:1rem}figure{margin:0}figcaption{font-weight:600}
small{font-weight:400;color:#777}svg{width:100%;height:auto}svg text{font-size:11px;fill:#777}.grid{stroke:#e9e9e9}
.legend span{margin-right:1rem}.legend i{display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.35em}
`;
