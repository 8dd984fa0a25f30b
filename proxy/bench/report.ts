import { cpus, release } from "node:os";
import type { Comparison, PeerResult } from "./comparison.ts";
import { overRounds } from "./statistics.ts";
import type { Rounds } from "./statistics.ts";
import { WORKLOADS } from "./workloads.ts";
import type { Workload } from "./workloads.ts";

/** Renders a comparison as Markdown: what it ran on, a table for each workload, memory. */
export function renderComparison(
  comparison: Comparison,
  run: { readonly date: Date; readonly rounds: number; readonly seconds: number },
): string {
  const { peers, notInstalled } = comparison;
  const [processor] = cpus();
  const versions = peers.map(({ name, version }) => `${name} ${version}`).join(", ");
  const parts = [
    `Measured ${run.date.toISOString().slice(0, 10)} on ${cpus().length} processors (${processor?.model.trim() ?? "unknown"}), Linux ${release()}, Node ${process.versions.node}; ` +
      `${run.rounds} interleaved rounds of ${run.seconds} s. Versions: ${versions}.` +
      (notInstalled.length === 0 ? "" : ` Not installed, so not measured: ${notInstalled.join(", ")}.`),
  ];
  for (const workload of WORKLOADS) {
    if (peers.some(({ rounds }) => rounds.has(workload.name)))
      parts.push(`### ${workload.title}`, renderWorkload(workload, comparison));
  }
  parts.push("### Memory", renderMemory(peers));
  return `${parts.join("\n\n")}\n`;
}

function renderWorkload(workload: Workload, { peers, direct }: Comparison): string {
  const isPaced = peers.some(({ rounds }) => (rounds.get(workload.name)?.[0]?.p50 ?? null) !== null);
  const rows: string[][] = [
    [
      "peer",
      `CPU µs per ${workload.unit}`,
      "of Serin's",
      `${workload.unit}s/s`,
      "its processor busy",
      ...(isPaced ? ["p50 ms", "p99 ms", "p99.9 ms"] : []),
    ],
  ];
  const serin = costOf(peers[0], workload.name).median;
  for (const peer of peers) {
    const fault = peer.faults.get("*") ?? peer.faults.get(workload.name);
    const rounds = peer.rounds.get(workload.name) ?? [];
    if (fault !== undefined) {
      rows.push([peer.name, `not reported: ${fault}`]);
    } else if (rounds.length > 0) {
      const cost = costOf(peer, workload.name);
      const rate = overRounds(rounds.map(({ units, seconds }) => units / seconds));
      const busy = overRounds(rounds.map(({ cpuMs, seconds }) => cpuMs / (seconds * 10)));
      rows.push([
        peer.name,
        withRange(cost, 1),
        (cost.median / serin).toFixed(2),
        String(Math.round(rate.median)),
        `${Math.round(busy.median)} %`,
        ...(isPaced
          ? [rounds.map(({ p50 }) => p50), rounds.map(({ p99 }) => p99), rounds.map(({ p999 }) => p999)].map(
              renderLatency,
            )
          : []),
      ]);
    }
  }
  if (workload.name === "fixed-rate" && direct.length > 0) {
    const latencies = [
      direct.map(({ p50 }) => p50),
      direct.map(({ p99 }) => p99),
      direct.map(({ p999 }) => p999),
    ];
    rows.push(["no proxy between", "", "", "", "", ...latencies.map(renderLatency)]);
  }
  return renderTable(rows);
}

/** CPU microseconds per unit. */
function costOf(peer: PeerResult | undefined, workload: string): Rounds {
  return overRounds((peer?.rounds.get(workload) ?? []).map(({ cpuMs, units }) => (cpuMs * 1000) / units));
}

function renderLatency(rounds: readonly (number | null)[]): string {
  const known = rounds.filter((value) => value !== null);
  return known.length === 0 ? "" : withRange(overRounds(known), 2);
}

function withRange({ median, lowest, highest }: Rounds, digits: number): string {
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
}

function renderMemory(peers: readonly PeerResult[]): string {
  const rows = [["peer", "resident after the small GETs, MiB", "after everything", "peak"]];
  for (const { name, memory, faults } of peers) {
    if (!faults.has("*"))
      rows.push([name, ...[memory.warm, memory.end, memory.peak].map((value) => value.toFixed(0))]);
  }
  return renderTable(rows);
}

/** A Markdown table; the first row is its head. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${head.map((_, i) => cells[i] ?? "").join(" | ")} |`;
  const rule = `| ${head.map((_, i) => (i === 0 ? "---" : "---:")).join(" | ")} |`;
  return [line(head), rule, ...body.map(line)].join("\n");
}
