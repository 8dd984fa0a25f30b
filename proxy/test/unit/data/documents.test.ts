import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FAILURES } from "../../../src/data/failure.ts";
import type { Failure } from "../../../src/data/failure.ts";

const DOCS = join(import.meta.dirname, "../../../../docs");
const HOSTILE = join(import.meta.dirname, "../../integration/hostile");

/** Cells of all table rows whose first cell fits, without the blanks around them. */
function tableRows(document: string, firstCell: RegExp): string[][] {
  return readFileSync(join(DOCS, document), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([first]) => first !== undefined && firstCell.test(first));
}

describe("docs/errors.md", () => {
  const catalogue: readonly Failure[] = Object.values(FAILURES);

  test("says of every failure what the catalogue says, in the same order, and of no other", () => {
    const documented = tableRows("errors.md", /^`\w+`$/).map((cells) => cells.slice(0, 6));
    const actual = catalogue.map((failure) => [
      `\`${failure.code}\``,
      String(failure.status),
      failure.source,
      failure.retryable ? "yes" : "no",
      failure.kind === null ? "" : `\`${failure.kind}\``,
      failure.close ? "yes" : "no",
    ]);
    expect(documented).toEqual(actual);
  });

  test("says when each happens", () => {
    const silent = tableRows("errors.md", /^`\w+`$/).filter((cells) => (cells[6] ?? "").length < 10);
    expect(silent).toEqual([]);
  });

  test("is about a catalogue whose keys are its codes", () => {
    expect(catalogue.map((failure) => failure.code)).toEqual(Object.keys(FAILURES));
  });
});

describe("docs/hostile-inputs.md", () => {
  const rows = tableRows("hostile-inputs.md", /^\d+$/);
  const suites = readdirSync(HOSTILE).filter((name) => name.endsWith(".test.ts"));
  /** Numbers at the start of test names, by suite. */
  const tested = new Map(
    suites.map((name) => {
      const source = readFileSync(join(HOSTILE, name), "utf8");
      const numbers = [...source.matchAll(/(?:test|\)|\])\(\s*["`](\d{1,2}) /g)].map(
        (match) => match[1] ?? "",
      );
      return [name.replace(".test.ts", ""), new Set(numbers)];
    }),
  );

  test("has every item from 1 to 91, once and in order", () => {
    expect(rows.map(([number]) => Number(number))).toEqual(Array.from({ length: 91 }, (_, i) => i + 1));
  });

  test("names for every item exactly the suites that have tests of its number", () => {
    const documented = rows.map(([number, , where]) => `${number}: ${where}`);
    const actual = rows.map(([number = ""]) => {
      const names = [...tested].filter(([, numbers]) => numbers.has(number)).map(([name]) => name);
      return `${number}: ${names.join(", ")}`;
    });
    expect(documented).toEqual(actual);
  });

  test("has a row for every number that a test carries", () => {
    const known = new Set(rows.map(([number]) => number));
    const unknown = [...tested.values()]
      .flatMap((numbers) => [...numbers])
      .filter((number) => !known.has(number));
    expect(unknown).toEqual([]);
  });
});
