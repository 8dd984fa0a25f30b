import { expect, test } from "vitest";
import { findSelectors } from "../../src/selectors.ts";

const metrics = (expr: string): readonly string[] => findSelectors(expr).map(({ metric }) => metric);

test("finds metrics among functions, operators, numbers and durations", () => {
  expect(
    metrics("histogram_quantile(0.95, sum by (version, le) (rate(a_bucket[5m]))) > 2 * b or vector(0)"),
  ).toEqual(["a_bucket", "b"]);
});

test("takes no label for a metric, wherever labels stand", () => {
  expect(
    metrics('a{x="b c", y=~"d{1}"} / on (x, y) group_left (z) e unless ignoring(x) f offset 5m'),
  ).toEqual(["a", "e", "f"]);
  expect(metrics('sum(a) by (version) + label_replace(b, "dst", "v2", "src", "(.*)")')).toEqual(["a", "b"]);
});

test("reads recording rules' names and subqueries", () => {
  expect(metrics("changes(max(serin:x:rate5m)[1m:15s]) > 0 and on () c")).toEqual(["serin:x:rate5m", "c"]);
});

test("reads matchers with their operators", () => {
  expect(findSelectors('a{x="1", y!="2",z=~"3|4", w !~ "5"}')[0]?.matchers).toEqual([
    { label: "x", operator: "=", value: "1" },
    { label: "y", operator: "!=", value: "2" },
    { label: "z", operator: "=~", value: "3|4" },
    { label: "w", operator: "!~", value: "5" },
  ]);
});
