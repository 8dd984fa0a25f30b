import { describe, expect, test } from "vitest";
import { readDashboards } from "../../src/dashboards.ts";

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly box: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly queries: number;
}

describe.each(readDashboards())("$file", ({ json }) => {
  const panels = listOf(field(json, "panels")).map(parsePanel);

  test("is found by its uid, and refers to the data source by variable only", () => {
    expect(field(json, "uid")).toMatch(/^serin-[a-z]+$/);
    expect(JSON.stringify(json).match(/"type":"prometheus","uid":"(?!\$\{datasource\})/)).toBeNull();
  });

  test("gives every panel an id of its own, a title, and at least one query", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ title }) => title === "")).toEqual([]);
    expect(panels.filter(({ type, queries }) => type !== "row" && queries === 0)).toEqual([]);
  });

  test("lays panels out within 24 columns, none over another", () => {
    expect(panels.filter(({ box }) => box.x + box.w > 24)).toEqual([]);
    const overlapping = panels.flatMap((a, index) =>
      panels
        .slice(index + 1)
        .filter((b) => overlap(a, b))
        .map((b) => [a.title, b.title]),
    );
    expect(overlapping).toEqual([]);
  });
});

function overlap({ box: a }: Panel, { box: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function parsePanel(json: unknown): Panel {
  const position = field(json, "gridPos");
  return {
    id: Number(field(json, "id")),
    title: String(field(json, "title")),
    type: String(field(json, "type")),
    box: {
      x: Number(field(position, "x")),
      y: Number(field(position, "y")),
      w: Number(field(position, "w")),
      h: Number(field(position, "h")),
    },
    queries: listOf(field(json, "targets")).length,
  };
}

function field(json: unknown, name: string): unknown {
  return typeof json === "object" && json !== null ? Reflect.get(json, name) : undefined;
}

function listOf(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : [];
}
