import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { canonicalJson, deepFreeze, sha256Hex } from "./canonical.ts";
import { coerce } from "./coerce.ts";
import type { Config } from "./config.ts";
import { redacted } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { readYaml } from "./read-yaml.ts";
import type { FileContent } from "./read-yaml.ts";
import { listLeaves } from "./schema-tree.ts";
import type { PlacedLeaf } from "./schema-tree.ts";
import { toProblem, validate } from "./validate.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A leaf that the environment sets. Secrets come redacted. */
export interface PinnedLeaf {
  readonly path: string;
  readonly env: string;
  readonly value: unknown;
}

/** A pinned leaf that the file sets to something else, without effect. Secrets come redacted. */
export interface ShadowedLeaf extends PinnedLeaf {
  readonly fileValue: unknown;
}

export interface LoadedConfig {
  readonly ok: true;
  readonly config: Config;
  readonly pinned: readonly PinnedLeaf[];
  readonly shadowed: readonly ShadowedLeaf[];
  /** SHA-256, hex, of the file's bytes; null without a file. */
  readonly contentHash: string | null;
}

export interface FailedConfig {
  readonly ok: false;
  readonly problems: readonly Problem[];
  /** null when there is no file or it cannot be read. */
  readonly contentHash: string | null;
}

const mostFileBytes = 1_048_576;

/** `--config` if given, else `SERIN_CONFIG`, else none; as an absolute path. */
export function resolveConfigPath(flag: string | undefined, env: Environment): string | null {
  const path = flag ?? env["SERIN_CONFIG"] ?? "";
  return path === "" ? null : resolve(path);
}

/**
 * Reads the file and the environment, and checks everything. Never throws for what a file or the environment may hold.
 *
 * @param options.path The file, or null for defaults and environment alone.
 * @param options.env The process environment. An empty variable counts as not set.
 */
export async function loadConfig(options: {
  readonly path: string | null;
  readonly env: Environment;
}): Promise<LoadedConfig | FailedConfig> {
  if (options.path === null) {
    return buildConfig({ leaves: new Map(), problems: [] }, options.env, null);
  }
  const read = await readText(options.path);
  if (!read.ok) {
    return { ok: false, problems: [read.problem], contentHash: read.contentHash };
  }
  return buildConfig(readYaml(read.text), options.env, read.contentHash);
}

/**
 * Checks the text of a config as if it stood in the file, together with the environment. Never throws for what it may hold.
 *
 * @param env As {@link loadConfig} takes it.
 */
export function loadConfigText(text: string, env: Environment): LoadedConfig | FailedConfig {
  const bytes = new TextEncoder().encode(text);
  const contentHash = sha256Hex(bytes);
  return bytes.length > mostFileBytes
    ? { ok: false, problems: [tooLong(bytes.length)], contentHash }
    : buildConfig(readYaml(text), env, contentHash);
}

function tooLong(bytes: number): Problem {
  const expected = `at most ${mostFileBytes} bytes`;
  return { code: "file", path: "", value: `${bytes} bytes`, expected, source: "file" };
}

type ReadText =
  | { readonly ok: true; readonly text: string; readonly contentHash: string }
  | { readonly ok: false; readonly problem: Problem; readonly contentHash: string | null };

async function readText(path: string): Promise<ReadText> {
  const refuse = (value: unknown, expected: string, contentHash: string | null): ReadText => ({
    ok: false,
    problem: { code: "file", path: "", value, expected, source: "file" },
    contentHash,
  });
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return refuse(code, code === "ENOENT" ? "a file, which does not exist" : "a file that can be read", null);
  }
  const contentHash = sha256Hex(bytes);
  if (bytes.length > mostFileBytes) {
    return { ok: false, problem: tooLong(bytes.length), contentHash };
  }
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), contentHash };
  } catch {
    return refuse(undefined, "UTF-8 text", contentHash);
  }
}

function buildConfig(
  file: FileContent,
  env: Environment,
  contentHash: string | null,
): LoadedConfig | FailedConfig {
  const leaves = listLeaves();
  const pinnedEnv = new Map<string, string>();
  for (const { env: name } of leaves) {
    const value = env[name];
    if (value !== undefined && value !== "") {
      pinnedEnv.set(name, value);
    }
  }
  // A file that is no YAML sets nothing; reporting broken rules that its values would have kept only confuses.
  if (file.problems.some(({ code }) => code === "syntax" || code === "file")) {
    return { ok: false, problems: file.problems, contentHash };
  }
  const fileValues = new Map([...file.leaves].map(([path, { value }]) => [path, value]));
  const { config, problems } = validate(fileValues, Object.fromEntries(pinnedEnv));
  const placed = [
    ...problems.map((problem) => locate(problem, file, pinnedEnv, leaves)),
    ...checkShadowed(file, pinnedEnv, leaves),
  ];
  if (placed.length + file.problems.length > 0) {
    return { ok: false, problems: [...file.problems, ...placed], contentHash };
  }
  const pinned = leaves.filter((leaf) => pinnedEnv.has(leaf.env));
  return {
    ok: true,
    config: deepFreeze(config),
    pinned: pinned.map((leaf) => showPinned(leaf, pinnedEnv)),
    shadowed: pinned.flatMap((leaf) => {
      const fileLeaf = file.leaves.get(leaf.path);
      const envValue = coerce(leaf.leaf.kind, pinnedEnv.get(leaf.env));
      if (fileLeaf === undefined || canonicalJson(fileLeaf.value) === canonicalJson(envValue)) {
        return [];
      }
      const fileValue = leaf.leaf.secret === true ? redacted : fileLeaf.value;
      return [{ ...showPinned(leaf, pinnedEnv), fileValue }];
    }),
    contentHash,
  };
}

function showPinned({ path, env, leaf }: PlacedLeaf, pinnedEnv: ReadonlyMap<string, string>): PinnedLeaf {
  const value = leaf.secret === true ? redacted : coerce(leaf.kind, pinnedEnv.get(env));
  return { path, env, value };
}

/** What is wrong with values that the environment hides: they would come into force with the variable's removal. */
function checkShadowed(
  file: FileContent,
  pinnedEnv: ReadonlyMap<string, string>,
  leaves: readonly PlacedLeaf[],
): Problem[] {
  return leaves.flatMap((placed) => {
    const inFile = pinnedEnv.has(placed.env) ? file.leaves.get(placed.path) : undefined;
    return inFile === undefined
      ? []
      : placed.leaf
          .findings(inFile.value)
          .map((finding) => ({ ...toProblem(placed, finding), source: "file" as const, ...inFile.position }));
  });
}

/** Says where the value in question came from. */
function locate(
  problem: Omit<Problem, "source">,
  file: FileContent,
  pinnedEnv: ReadonlyMap<string, string>,
  leaves: readonly PlacedLeaf[],
): Problem {
  const path = problem.path.replace(/\[.*/, "");
  const env = leaves.find((leaf) => leaf.path === path)?.env ?? "";
  if (pinnedEnv.has(env)) {
    return { ...problem, source: "env", env };
  }
  const position = file.leaves.get(path)?.position;
  return position === undefined
    ? { ...problem, source: "default" }
    : { ...problem, source: "file", ...position };
}
