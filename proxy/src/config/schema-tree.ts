import type { Leaf } from "./leaf.ts";
import { isRecord } from "./is-record.ts";
import { schema } from "./schema.ts";

/** A section of the schema as code sees it that walks the schema rather than naming its parts. */
export interface Section {
  readonly [key: string]: Section | Leaf<unknown>;
}

/** A leaf with its place: `split.killSwitch`, set by `USE_LEGACY_API_V1`. */
export interface PlacedLeaf {
  readonly path: string;
  readonly env: string;
  readonly leaf: Leaf<unknown>;
}

export function isLeaf(node: Section | Leaf<unknown>): node is Leaf<unknown> {
  return typeof node["findings"] === "function";
}

/** The schema as a tree to walk. */
export function rootSection(): Section {
  return schema;
}

/** Every leaf, in the order of the schema. */
export function listLeaves(section: Section = rootSection(), prefix = ""): PlacedLeaf[] {
  return Object.entries(section).flatMap(([key, node]) => {
    const path = `${prefix}${key}`;
    return isLeaf(node)
      ? [{ path, env: node.env ?? envName(path), leaf: node }]
      : listLeaves(node, `${path}.`);
  });
}

/** `upstreams.v1.maxQueue` is set by `SERIN_UPSTREAMS_V1_MAX_QUEUE`. */
function envName(path: string): string {
  return `SERIN_${path
    .replaceAll(".", "_")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()}`;
}

/** The value at a dotted path of plain data, or undefined. */
export function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const key of path.split(".")) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) {
      return undefined;
    }
    value = value[key];
  }
  return value;
}
