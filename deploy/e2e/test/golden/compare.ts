import type { Essence } from "./side.ts";

/** What one answer differs in: `status`, `body` or `header NAME`, and how. */
export interface Difference {
  readonly aspect: string;
  readonly v1: string;
  readonly v2: string;
}

export function compareAnswers(v1: Essence, v2: Essence): readonly Difference[] {
  const names = [...new Set([...Object.keys(v1.headers), ...Object.keys(v2.headers)])].toSorted((a, b) =>
    a.localeCompare(b, "en"),
  );
  const all = [
    { aspect: "status", v1: String(v1.status), v2: String(v2.status) },
    ...names.map((name) => ({
      aspect: `header ${name}`,
      v1: v1.headers[name] ?? "absent",
      v2: v2.headers[name] ?? "absent",
    })),
    { aspect: "body", v1: v1.body, v2: v2.body },
  ];
  return all.filter((each) => each.v1 !== each.v2);
}
