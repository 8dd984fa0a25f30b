import { parsePercentage } from "./percentage.ts";
import type { LeafKind } from "./leaf.ts";

/**
 * Turns what a file or an environment variable holds into the type of a leaf where that is unambiguous, and returns it
 * unchanged where it is not, so that the check names what was really written. (convict's own coercion would read
 * `"80abc"` as 80 and `"no"` as true.)
 */
export function coerce(kind: LeafKind, value: unknown): unknown {
  if (kind === "boolean" && (value === 0 || value === 1)) {
    return value === 1;
  }
  return typeof value === "string" ? coerceText(kind, value) : value;
}

function coerceText(kind: LeafKind, raw: string): unknown {
  // A mounted secret or ConfigMap often ends with a newline; in free text it could be meant.
  const text = raw.trim();
  switch (kind) {
    case "integer":
    case "workers":
      return /^\d{1,15}$/.test(text) ? Number(text) : kind === "workers" ? text : raw;
    case "boolean":
      return booleans.get(text.toLowerCase()) ?? raw;
    case "percentage":
      return parsePercentage(text) === null ? raw : Number(text);
    case "list":
      return text
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== "");
    case "json":
      return parseList(text) ?? raw;
    case "text":
    default:
      return raw;
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** Lists only: convict takes an object for a section and stumbles over its keys. */
function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
