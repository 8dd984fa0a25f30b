import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/config/canonical.ts";
import { loadConfig, resolveConfigPath } from "../../../src/config/load.ts";
import type { Environment, FailedConfig, LoadedConfig } from "../../../src/config/load.ts";
import { describeProblem } from "../../../src/config/problem.ts";
import { listLeaves } from "../../../src/config/schema-tree.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

async function loadText(
  text: string | Uint8Array,
  env: Environment = {},
): Promise<LoadedConfig | FailedConfig> {
  const path = join(await createTemporaryFolder(), "serin.yaml");
  await writeFile(path, text);
  return loadConfig({ path, env });
}

async function problemsOf(text: string | Uint8Array, env?: Environment): Promise<FailedConfig["problems"]> {
  const loaded = await loadText(text, env);
  return loaded.ok ? [] : loaded.problems;
}

async function goodOf(text: string, env?: Environment): Promise<LoadedConfig> {
  const loaded = await loadText(text, env);
  if (!loaded.ok) {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return loaded;
}

describe("a good file", () => {
  test("is laid over the defaults, and known by the hash of its bytes", async () => {
    const text = "split:\n  percentage: 12.5\n  # killSwitch: true\nadmin:\n";
    const { config, contentHash } = await goodOf(text);
    expect(config.split.percentage).toBe(12.5);
    expect(config.split.salt).toBe("cms-v2");
    expect(config.admin.port).toBe(9901);
    expect(contentHash).toBe(sha256Hex(text));
  });

  test.each([
    "{}",
    "split: {}",
    "split:",
    "\uFEFFworkers: 2\r\n",
    "---\nworkers: 2\n",
    "split: {killSwitch: 1}",
  ])("may be %j", async (text) => {
    expect(await problemsOf(text)).toEqual([]);
  });

  test("may say things once by anchor and alias", async () => {
    const text =
      "upstreams:\n  v1: &up {maxQueue: 7, health: &h {intervalMs: 500}}\n  v2: {maxQueue: 8, health: *h}\n";
    const { config } = await goodOf(text);
    expect(config.upstreams.v2.health.intervalMs).toBe(500);
  });

  test("replaces a list as a whole", async () => {
    const { config } = await goodOf("routes:\n  - {name: all, prefix: /, stream: true}\n");
    expect(config.routes).toEqual([{ name: "all", prefix: "/", stream: true }]);
  });
});

describe("a file against the environment", () => {
  const env = { API_V2_TRAFFIC_PERCENTAGE: "5", SERIN_ADMIN_TOKEN: "from-env" };

  test("loses, and what it sets in vain is listed without secrets", async () => {
    const { config, shadowed } = await goodOf("split: {percentage: 50}\nadmin: {token: from-file}\n", env);
    expect(config.split.percentage).toBe(5);
    expect(config.admin.token).toBe("from-env");
    expect(shadowed).toEqual([
      { path: "admin.token", env: "SERIN_ADMIN_TOKEN", value: "[secret]", fileValue: "[secret]" },
      { path: "split.percentage", env: "API_V2_TRAFFIC_PERCENTAGE", value: 5, fileValue: 50 },
    ]);
  });

  test("is not in vain where it says the same", async () => {
    const { pinned, shadowed } = await goodOf('split: {percentage: "5.0"}\n', env);
    expect(pinned.map(({ path }) => path)).toEqual(["admin.token", "split.percentage"]);
    expect(shadowed).toEqual([]);
  });

  test("must be right even where it is in vain", async () => {
    expect(await problemsOf("split: {percentage: 500}\n", env)).toEqual([
      expect.objectContaining({ path: "split.percentage", source: "file", value: 500, line: 1, column: 21 }),
    ]);
  });
});

describe("a bad file", () => {
  test("has every problem reported at once, with its place", async () => {
    const text = [
      "split:",
      "  percentage: 101",
      "  kilSwitch: true",
      "  identity: [cookie:serin_id, nonsense]",
      "listen: 8000",
      "workers: many",
      "unheardOf: {deep: [1, 2]}",
      "routes: [{name: a, prefix: b}]",
    ].join("\n");
    const problems = await problemsOf(text);
    expect(problems.map(({ code, path, line, suggestion }) => ({ code, path, line, suggestion }))).toEqual([
      { code: "unknown", path: "split.kilSwitch", line: 3, suggestion: "killSwitch" },
      { code: "value", path: "listen", line: 5, suggestion: undefined },
      { code: "unknown", path: "unheardOf", line: 7, suggestion: undefined },
      { code: "value", path: "workers", line: 6, suggestion: undefined },
      { code: "value", path: "routes[0].prefix", line: 8, suggestion: undefined },
      { code: "value", path: "split.percentage", line: 2, suggestion: undefined },
      { code: "value", path: "split.identity[1]", line: 4, suggestion: undefined },
    ]);
  });

  test.each([
    ["", "file"],
    ["\n\n", "file"],
    ["# only a comment\n", "file"],
    ["null\n", "file"],
    ["- a\n", "value"],
    ["percentage\n", "value"],
    ["split: [\n", "syntax"],
    ["split:\n  percentage: 'half", "syntax"],
    ["split: {percentage: 5", "syntax"],
    ["split:\n\tpercentage: 5\n", "syntax"],
    ["split: {}\nsplit: {}\n", "syntax"],
    ["a: 1\n---\nb: 1\n", "syntax"],
    ["split: *nowhere\n", "syntax"],
    ["? [a]\n: 1\n", "unknown"],
    ["__proto__: {workers: 3}\n", "unknown"],
    ["constructor: {prototype: {}}\n", "unknown"],
    ["split: {__proto__: {percentage: 3}}\n", "unknown"],
    ["<<: {workers: 3}\n", "unknown"],
    ["listen: {port: {deep: {deeper: 1}}}\n", "value"],
    ["listen: {port: null}\n", "value"],
    ["listen: {port: 8000.5}\n", "value"],
    ["listen: {port: .inf}\n", "value"],
    ["split: {percentage: .nan}\n", "value"],
    ["split: {percentage: true}\n", "value"],
    ["split: {salt: 5}\n", "value"],
    ["split: {salt: ''}\n", "value"],
    ["trustedNetworks: &a [*a]\n", "syntax"],
    ["listen: {port: *nowhere}\n", "syntax"],
    ["routes: {a: {b: 1}}\n", "value"],
    ["admin: {token: {a: 1}}\n", "value"],
  ])("%j is a problem of kind %s, once", async (text, code) => {
    const problems = await problemsOf(text);
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(describeProblem(problems[0]!, "serin.yaml")).toMatch(/^serin\.yaml/);
  });

  test("has a syntax error's line and column", async () => {
    expect(await problemsOf("workers: 2\nsplit: {}\nsplit: {}\n")).toEqual([
      expect.objectContaining({ code: "syntax", line: 3, column: 1, expected: "each key once" }),
    ]);
  });

  test("cannot eat memory with aliases of aliases", async () => {
    const levels = Array.from(
      { length: 12 },
      (_, index) =>
        `x${index}: &x${index} [${Array(10)
          .fill(index === 0 ? "1" : `*x${index - 1}`)
          .join(", ")}]`,
    );
    const problems = await problemsOf(`${levels.join("\n")}\ntrustedNetworks: *x11\n`);
    expect(problems.at(-1)).toMatchObject({ code: "syntax", path: "trustedNetworks" });
  });

  test.each([
    ["is not UTF-8", new Uint8Array([0x61, 0xff, 0xfe])],
    ["is too large", `# ${"x".repeat(1_100_000)}\nworkers: 2\n`],
  ])("that %s is refused", async (_, content) => {
    expect(await problemsOf(content)).toEqual([expect.objectContaining({ code: "file", source: "file" })]);
  });

  test("never has a secret in its problems, misspelt, misplaced or half-written", async () => {
    const texts = [
      "admin: {tokn: hunter2}\n",
      "adminToken: hunter2\n",
      "admin: {token: [hunter2]}\n",
      "admin: {token: 'hunter2 }\n",
      "admin:\n  token: hunter2: hunter2\n",
      "admin: {token: &hunter2 x}\nworkers: *hunter3\n",
      "admin: hunter2\n",
    ];
    for (const text of texts) {
      const problems = await problemsOf(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain("hunter2");
    }
  });
});

test("any JSON at any known keys is answered with a config or with problems", async () => {
  const path = join(await createTemporaryFolder(), "serin.yaml");
  const paths = listLeaves().flatMap((leaf) => [leaf.path, ...leaf.path.split(".").slice(0, 1)]);
  const written = fc.dictionary(fc.constantFrom(...paths), fc.jsonValue(), { minKeys: 1, maxKeys: 5 });
  await fc.assert(
    fc.asyncProperty(written, async (values) => {
      const root: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(values)) {
        const [section = "", ...rest] = key.split(".");
        root[section] = rest.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
      }
      await writeFile(path, JSON.stringify(root));
      const loaded = await loadConfig({ path, env: {} });
      expect(loaded.ok || loaded.problems.length > 0).toBe(true);
    }),
    { numRuns: 300 },
  );
});

describe("the path of the file", () => {
  test("that leads nowhere, to a folder or in a circle is a problem", async () => {
    const folder = await createTemporaryFolder();
    await mkdir(join(folder, "folder"));
    await symlink("circle", join(folder, "circle"));
    for (const name of ["absent", "folder", "circle"]) {
      expect(await loadConfig({ path: join(folder, name), env: {} })).toEqual({
        ok: false,
        problems: [expect.objectContaining({ code: "file", path: "" })],
        contentHash: null,
      });
    }
  });

  test("is the flag's, else the environment's, else none", () => {
    expect(resolveConfigPath("/a", { SERIN_CONFIG: "/b" })).toBe("/a");
    expect(resolveConfigPath(undefined, { SERIN_CONFIG: "/b" })).toBe("/b");
    expect(resolveConfigPath(undefined, { SERIN_CONFIG: "" })).toBeNull();
    expect(resolveConfigPath("a", {})).toBe(join(process.cwd(), "a"));
  });
});
