import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { setPercentage } from "../../../src/config/edit.ts";
import { formatPercentage } from "../../../src/config/percentage.ts";
import { renderExample } from "../../../src/config/reference.ts";

function edit(text: string, percent: string): string {
  const edited = setPercentage(text, percent);
  if (!edited.ok) {
    throw new Error(edited.reason);
  }
  return edited.text;
}

describe("setPercentage", () => {
  test("changes the number and no other byte", () => {
    const before = `# ours\r\nlisten:   {port:   8000}   # odd spacing\r\n\r\nsplit:\r\n    salt:  'x'\r\n    percentage:   5.50   # five\r\n\r\n# end\r\n`;
    expect(edit(before, "25")).toBe(before.replace("5.50", "25"));
  });

  test.each([
    ["a flow map", "split: {percentage: 5, salt: x}\n", "split: {percentage: 25, salt: x}\n"],
    ["a quoted value", 'split:\n  percentage: "5"\n', "split:\n  percentage: 25\n"],
    ["an empty value", "split:\n  percentage:\n  salt: x\n", "split:\n  percentage: 25\n  salt: x\n"],
    ["no percentage yet", "split:\n    salt: x # s\n", "split:\n    percentage: 25\n    salt: x # s\n"],
    ["no split yet", "workers: 2\n", "workers: 2\nsplit:\n  percentage: 25\n"],
    ["no newline at the end", "workers: 2", "workers: 2\nsplit:\n  percentage: 25\n"],
    ["only a comment", "# nothing\n", "# nothing\nsplit:\n  percentage: 25\n"],
    ["an empty text", "", "split:\n  percentage: 25\n"],
  ])("handles %s", (_, before, after) => {
    expect(edit(before, "25")).toBe(after);
  });

  test.each([
    ["an empty split", "# a\nsplit:\nworkers: 2 # b\n"],
    ["an empty flow map", "split: {}\nworkers: 2 # b\n"],
    ["a flow map without percentage", "split: {salt: x}\nworkers: 2 # b\n"],
    ["an empty root", "{}\n"],
    ["a document end", "workers: 2 # b\n...\n"],
  ])("keeps values and comments of %s", (_, before) => {
    const after = edit(before, "0.0001");
    const workers: unknown = /workers: 2/.test(before) ? { workers: 2 } : {};
    const salt: unknown = /salt: x/.test(before) ? { salt: "x" } : {};
    expect(parse(after)).toEqual(
      Object.assign({ split: Object.assign({ percentage: 0.0001 }, salt) }, workers),
    );
    expect(after.includes("# b")).toBe(before.includes("# b"));
  });

  test("writes the shortest form", () => {
    expect(edit("split: {percentage: 5}\n", "012.5000")).toBe("split: {percentage: 12.5}\n");
  });

  test("changes the example in its one line only, for every weight", () => {
    const before = renderExample().split("\n");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (weightPpm) => {
        const percent = formatPercentage(weightPpm);
        const after = edit(before.join("\n"), percent).split("\n");
        const changed = after.filter((line, index) => line !== before[index]);
        expect(changed).toEqual(weightPpm === 0 ? [] : [`  percentage: ${percent}`]);
        expect(after).toHaveLength(before.length);
      }),
    );
  });

  test("does not carry the value elsewhere through an anchor", () => {
    expect(setPercentage("split: {percentage: &p 5}\nworkers: *p\n", "6").ok).toBe(false);
  });

  test.each([
    ["what is no percentage", "split: {percentage: 5}", "101"],
    ["text that is not YAML", "split: [", "5"],
    ["a list", "- split", "5"],
    ["a scalar", "split", "5"],
  ])("refuses %s", (_, text, percent) => {
    expect(setPercentage(text, percent).ok).toBe(false);
  });
});
