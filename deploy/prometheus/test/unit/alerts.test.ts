import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readAlertTests, readRules } from "../rule-files.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const alerts = readRules().filter(({ kind }) => kind === "alert");
const tests = readAlertTests();

test("there are alerts to check", () => {
  expect(alerts.length).toBeGreaterThanOrEqual(9);
});

describe.each(alerts)("$name", ({ name, runbookUrl }) => {
  test("links to a heading of the runbook that exists", () => {
    const [file, anchor] = (runbookUrl ?? "").split("#");
    expect(file).toBe("docs/operations.md");
    const anchors = readFileSync(path.join(root, file ?? ""), "utf8")
      .split("\n")
      .filter((line) => /^#+ /.test(line))
      .map(anchorOf);
    expect(anchors).toContain(anchor);
  });

  test("has a promtool test in which it fires and one in which it is silent", () => {
    expect(tests).toMatch(new RegExp(`alertname: ${name}, eval_time: \\w+, exp_alerts: \\[\\]`));
    expect(tests).toMatch(
      new RegExp(
        `- alertname: ${name}\\n\\s+eval_time: \\w+\\n\\s+exp_alerts:|${name}, eval_time: \\w+, exp_alerts: \\*`,
      ),
    );
  });
});

/** As GitHub makes it: lower case, spaces to hyphens, everything else but letters, digits, - and _ dropped. */
function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ /, "")
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
