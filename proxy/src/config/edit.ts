import { isAlias, isMap, isScalar, parseDocument } from "yaml";
import type { Document, YAMLMap } from "yaml";
import { canonicalJson } from "./canonical.ts";
import { formatPercentage, parsePercentage } from "./percentage.ts";

export type EditedText =
  | { readonly ok: true; readonly text: string }
  /** `reason` completes the sentence "cannot set split.percentage: ...". */
  | { readonly ok: false; readonly reason: string };

/**
 * Sets `split.percentage` in the text of a config and leaves every other byte as it is where that is possible: the
 * Document says where the value stands, the text around it is kept. A `split` in an unusual form is written anew
 * by the Document, which keeps comments and order but may change spacing.
 *
 * @param percent As `parsePercentage` accepts it.
 */
export function setPercentage(text: string, percent: string): EditedText {
  const weightPpm = parsePercentage(percent);
  if (weightPpm === null) {
    return { ok: false, reason: `${percent} is not a percentage from 0 to 100 with at most 4 decimals` };
  }
  const value = formatPercentage(weightPpm);
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0 || (document.contents !== null && !isMap(document.contents))) {
    return { ok: false, reason: "the file is not a YAML map" };
  }
  const expected = canonicalJson(withPercentage(document.toJS(), Number(value)));
  const edited = splice(text, document, value) ?? rewrite(document, value);
  // An anchor on the old value may have carried it elsewhere; nothing but the percentage may change.
  const after = parseDocument(edited, { prettyErrors: false });
  return after.errors.length === 0 && canonicalJson(after.toJS()) === expected
    ? { ok: true, text: edited }
    : { ok: false, reason: "the value cannot be changed without changing others; edit the file by hand" };
}

function splice(text: string, document: Document, value: string): string | null {
  const root = document.contents;
  if (root === null) {
    return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}split:\n  percentage: ${value}\n`;
  }
  const split = document.get("split", true);
  if (!isMap(split)) {
    return null;
  }
  const current = split.get("percentage", true);
  if ((isScalar(current) || isAlias(current)) && current.range) {
    const [start, end] = current.range;
    // "percentage:" with nothing behind it has an empty range, right after the colon.
    const gap = start === end && !/\s/.test(text[start - 1] ?? "") ? " " : "";
    return `${text.slice(0, start)}${gap}${value}${text.slice(end)}`;
  }
  return insertFirst(text, split, value);
}

/** Puts the percentage on a line of its own before the first key of a block map. */
function insertFirst(text: string, split: YAMLMap, value: string): string | null {
  const key = split.items[0]?.key;
  const start = isScalar(key) ? key.range?.[0] : undefined;
  if (split.flow === true || start === undefined || split.has("percentage")) {
    return null;
  }
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const indent = text.slice(lineStart, start);
  return /^ *$/.test(indent)
    ? `${text.slice(0, start)}percentage: ${value}\n${indent}${text.slice(start)}`
    : null;
}

function rewrite(document: Document, value: string): string {
  if (!isMap(document.get("split"))) {
    document.set("split", document.createNode({}));
  }
  document.setIn(["split", "percentage"], Number(value));
  return document.toString({ lineWidth: 0 });
}

function withPercentage(data: unknown, percentage: number): unknown {
  const root: object = typeof data === "object" && data !== null ? data : {};
  const split: unknown = "split" in root ? root.split : undefined;
  const rest: object = typeof split === "object" && split !== null ? split : {};
  return { ...root, split: { ...rest, percentage } };
}
