import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** Who answered. */
export const answerers = ["v1", "v2", "none"] as const;
export type Answerer = (typeof answerers)[number];

/** What one version did within one second. */
export interface Second {
  /** Milliseconds of each request, in no order. */
  readonly ms: number[];
  failed: number;
}

/** A whole run, second by second. */
export interface Samples {
  /** First and last second of the run, in seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly byVersion: ReadonlyMap<Answerer, ReadonlyMap<number, Second>>;
  /** Milliseconds by endpoint and version. */
  readonly byEndpoint: ReadonlyMap<string, ReadonlyMap<Answerer, readonly number[]>>;
  /** The weight that the script set or read, in percent: when and what. */
  readonly weights: readonly { readonly at: number; readonly percent: number }[];
}

/** Reads what `k6 run --out json=FILE` wrote, a line at a time, so that a soak of hours fits. */
export async function readSamples(file: string): Promise<Samples> {
  const byVersion = new Map<Answerer, Map<number, Second>>(answerers.map((one) => [one, new Map()]));
  const byEndpoint = new Map<string, Map<Answerer, number[]>>();
  const weights: { at: number; percent: number }[] = [];
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const point = parsePoint(line);
    if (point === null) continue;
    from = Math.min(from, Math.floor(point.at));
    to = Math.max(to, Math.floor(point.at));
    if (point.metric === "weight_percent") {
      weights.push({ at: point.at, percent: point.value });
      continue;
    }
    const version = answerers.find((one) => one === point.tags["version"]) ?? "none";
    const second = entry(
      entry(byVersion, version, () => new Map()),
      Math.floor(point.at),
      () => ({ ms: [], failed: 0 }),
    );
    second.ms.push(point.value);
    const status = Number(point.tags["status"]);
    if (status === 0 || status >= 500) second.failed += 1;
    entry(
      entry(byEndpoint, point.tags["endpoint"] ?? "?", () => new Map()),
      version,
      () => [],
    ).push(point.value);
  }
  if (to < from) throw new Error(`${file}: no request was made`);
  return { from, to, byVersion, byEndpoint, weights };
}

/** The value below which that share of the values lies (nearest rank); NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

interface Point {
  readonly metric: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** One line of k6's JSON output, if it is a sample of a metric that the report shows. */
function parsePoint(line: string): Point | null {
  if (!line.includes('"request_ms"') && !line.includes('"weight_percent"')) return null;
  const parsed: unknown = JSON.parse(line);
  if (field(parsed, "type") !== "Point") return null;
  const data = field(parsed, "data");
  const tags = field(data, "tags");
  return {
    metric: String(field(parsed, "metric")),
    at: Date.parse(String(field(data, "time"))) / 1000,
    value: Number(field(data, "value")),
    tags:
      typeof tags === "object" && tags !== null
        ? Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)]))
        : {},
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}
