import { beforeAll, describe, expect, test } from "vitest";
import { findRestartProblems, listChanges } from "../../../src/config/changes.ts";
import { compileSnapshot, hashConfig, weightOf } from "../../../src/config/compile.ts";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";

let defaults: Config;

async function configOf(env: Record<string, string>): Promise<Config> {
  const loaded = await loadConfig({ path: null, env });
  if (!loaded.ok) {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return loaded.config;
}

beforeAll(async () => {
  defaults = await configOf({});
});

describe("compileSnapshot", () => {
  test("compiles what the defaults mean", () => {
    const snapshot = compileSnapshot(defaults, 7, { weightPpm: 0, aborted: true });
    expect(snapshot).toMatchObject({
      generation: 7,
      releaseId: "v2",
      split: {
        weightPpm: 0,
        aborted: true,
        sources: [
          { kind: "header", name: "x-user-id" },
          { kind: "jwt", claim: "sub" },
          { kind: "cookie", name: "serin_id" },
        ],
      },
      routes: [
        { name: "api-v2", prefix: "/api/v2/", pin: "v2", stream: false },
        { name: "api-v1", prefix: "/api/v1/", pin: null, stream: false },
      ],
      upstreams: { v1: { origin: "http://127.0.0.1:3001" }, v2: { origin: "http://127.0.0.1:3002" } },
    });
    expect(snapshot.upstreams.v1).not.toHaveProperty("url");
  });

  test.each([
    ["0.0001", 1],
    ["33.3333", 333_333],
    ["100", 1_000_000],
  ])("weighs %s percent exactly", async (percentage, weightPpm) => {
    const config = await configOf({ API_V2_TRAFFIC_PERCENTAGE: percentage });
    expect(weightOf(config)).toBe(weightPpm);
  });

  test("turns addresses into blocks and addresses of upstreams into origins", async () => {
    const config = await configOf({
      SERIN_TRUSTED_NETWORKS: "10.0.0.1,2001:db8::1,fd00::/8",
      SERIN_UPSTREAMS_V1_URL: "https://V1.example:443/",
    });
    const snapshot = compileSnapshot(config, 1, { weightPpm: 0, aborted: false });
    expect(snapshot.trustedNetworks).toEqual(["10.0.0.1/32", "2001:db8::1/128", "fd00::/8"]);
    expect(snapshot.upstreams.v1.origin).toBe("https://v1.example");
  });

  test("is frozen and crosses to a thread unchanged", () => {
    const snapshot = compileSnapshot(defaults, 1, { weightPpm: 0, aborted: false });
    expect(Object.isFrozen(snapshot.split.sources[0])).toBe(true);
    expect(structuredClone(snapshot)).toEqual(snapshot);
  });

  test("hashes the config alone, not the generation or the abort", () => {
    const first = compileSnapshot(defaults, 1, { weightPpm: 0, aborted: false });
    expect(compileSnapshot(defaults, 2, { weightPpm: 0, aborted: true }).hash).toBe(first.hash);
    expect(first.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("hashes equal configs alike, whatever the order of their keys", () => {
    const { listen, ...rest } = structuredClone(defaults);
    const shuffled: Config = { ...rest, listen };
    expect(Object.keys(shuffled)).not.toEqual(Object.keys(defaults));
    expect(hashConfig(shuffled)).toBe(hashConfig(defaults));
  });

  test("hashes a changed secret differently", async () => {
    expect(hashConfig(await configOf({ SERIN_OVERRIDE_TOKEN: "a" }))).not.toBe(hashConfig(defaults));
  });
});

describe("changes", () => {
  test("are listed by leaf, secrets without their values", async () => {
    const after = await configOf({ API_V2_TRAFFIC_PERCENTAGE: "5", SERIN_OVERRIDE_TOKEN: "hunter2" });
    expect(listChanges(defaults, after)).toEqual([
      { path: "split.percentage", from: 0, to: 5, restart: false },
      { path: "override.token", from: undefined, to: undefined, restart: false },
    ]);
    expect(listChanges(defaults, defaults)).toEqual([]);
  });

  test.each([
    ["SERIN_LISTEN_HOST", "127.0.0.1", "listen.host"],
    ["SERIN_LISTEN_PORT", "8001", "listen.port"],
    ["SERIN_WORKERS", "2", "workers"],
    ["SERIN_ADMIN_HOST", "::1", "admin.host"],
    ["SERIN_ADMIN_PORT", "9902", "admin.port"],
  ])("of %s need a restart", async (env, value, path) => {
    const problems = findRestartProblems(listChanges(defaults, await configOf({ [env]: value })));
    expect(problems).toEqual([expect.objectContaining({ code: "restart", path })]);
  });
});
