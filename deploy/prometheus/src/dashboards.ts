import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

const folder = path.resolve(import.meta.dirname, "../../grafana/dashboards");

/** One PromQL query of a dashboard. */
export interface DashboardQuery {
  /** File name of the dashboard. */
  readonly dashboard: string;
  /** Title of the panel or name of the annotation. */
  readonly where: string;
  /** As Prometheus gets it: Grafana's variables replaced by what Grafana would put there. */
  readonly expr: string;
}

/** A dashboard as it is on disk. */
export interface Dashboard {
  readonly file: string;
  readonly json: unknown;
}

export function readDashboards(): readonly Dashboard[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => ({ file, json: JSON.parse(readFileSync(path.join(folder, file), "utf8")) }));
}

/** Every query of every panel and annotation, found by its key, wherever Grafana keeps it. */
export function readQueries(): readonly DashboardQuery[] {
  return readDashboards().flatMap(({ file, json }) =>
    findExpressions(json, "").map(({ where, expr }) => ({
      dashboard: file,
      where,
      expr: substituteVariables(expr),
    })),
  );
}

function findExpressions(node: unknown, where: string): { where: string; expr: string }[] {
  if (Array.isArray(node)) return node.flatMap((item) => findExpressions(item, where));
  if (typeof node !== "object" || node === null) return [];
  const entries = Object.entries(node);
  const title = entries.find(([key]) => key === "title" || key === "name")?.[1];
  const here = typeof title === "string" ? title : where;
  return entries.flatMap(([key, value]) =>
    key === "expr" && typeof value === "string"
      ? [{ where: here, expr: value }]
      : findExpressions(value, here),
  );
}

function substituteVariables(expr: string): string {
  return expr
    .replaceAll(/\$__(?:rate_)?interval\b|\$\{__(?:rate_)?interval\}/g, "1m")
    .replaceAll(/\$__range\b|\$\{__range\}/g, "1h");
}
