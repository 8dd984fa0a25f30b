import { pick } from "./ask.ts";
import type { Target } from "./target.ts";

/** What `/status` tells, as far as the suites look at it. */
export interface Status {
  readonly generation: number;
  /** Share of v2 in the snapshot that the workers run or are about to run, in percent. */
  readonly percentage: number;
  readonly reloadOk: boolean;
  /** What the last reload found wrong, as the proxy words it. */
  readonly problems: readonly unknown[];
  /** Paths of the leaves that the environment sets. */
  readonly pinned: readonly string[];
  /** Paths of the pinned leaves that the file sets to something else. */
  readonly shadowed: readonly string[];
  readonly workers: readonly { readonly generation: number }[];
}

/** Reads the proxy's `/status`. */
export async function readStatus(target: Pick<Target, "adminUrl">): Promise<Status> {
  const response = await fetch(`${target.adminUrl}/status`, { signal: AbortSignal.timeout(10_000) });
  const body: unknown = await response.json();
  return {
    generation: Number(pick(body, "generation")),
    // Not its `percentage`: that is the release's, which is decided before the workers have it.
    percentage: Number(pick(body, "weightPpm")) / 10_000,
    reloadOk: pick(body, "reload", "ok") === true,
    problems: list(pick(body, "reload", "problems")),
    pinned: list(pick(body, "pinned")).map((leaf) => String(pick(leaf, "path"))),
    shadowed: list(pick(body, "shadowed")).map((leaf) => String(pick(leaf, "path"))),
    workers: list(pick(body, "workers")).map((worker) => ({
      generation: Number(pick(worker, "generation")),
    })),
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
