import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import type { Environment, FailedConfig, LoadedConfig } from "../../../src/config/load.ts";
import { listLeaves, valueAt } from "../../../src/config/schema-tree.ts";

async function load(env: Environment): Promise<LoadedConfig | FailedConfig> {
  return loadConfig({ path: null, env });
}

async function loadGood(env: Environment): Promise<LoadedConfig> {
  const loaded = await load(env);
  if (!loaded.ok) {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return loaded;
}

async function problemsOf(env: Environment): Promise<FailedConfig["problems"]> {
  const loaded = await load(env);
  return loaded.ok ? [] : loaded.problems;
}

describe("a config without a file", () => {
  test("is the defaults, nothing pinned", async () => {
    const { config, pinned, shadowed, contentHash } = await loadGood({});
    const leaves = listLeaves();
    expect(leaves.length).toBeGreaterThan(40);
    for (const { path, leaf } of leaves) {
      expect([path, valueAt(config, path)]).toEqual([path, leaf.default]);
    }
    expect({ pinned, shadowed, contentHash }).toEqual({ pinned: [], shadowed: [], contentHash: null });
  });

  test("is frozen all the way down", async () => {
    const { config } = await loadGood({});
    expect(Object.isFrozen(config.upstreams.v1.health)).toBe(true);
    expect(Object.isFrozen(config.routes[0])).toBe(true);
  });

  test("does not read the arguments of the process as config", async () => {
    const before = process.argv;
    process.argv = [...before, "--split.percentage=77", "--workers=3"];
    try {
      expect((await loadGood({})).config.workers).toBe("auto");
    } finally {
      process.argv = before;
    }
  });
});

describe("the environment", () => {
  test("sets every leaf by a name of its own", () => {
    const names = listLeaves().map(({ env }) => env);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !name.startsWith("SERIN_"))).toEqual([
      "API_V2_TRAFFIC_PERCENTAGE",
      "USE_LEGACY_API_V1",
    ]);
    expect(names).toContain("SERIN_UPSTREAMS_V1_MAX_CONNECTIONS");
    expect(names).toContain("SERIN_LIMITS_HEADERS_TIMEOUT_MS");
  });

  test("sets values of every kind and lists them as pinned", async () => {
    const { config, pinned } = await loadGood({
      API_V2_TRAFFIC_PERCENTAGE: " 12.3456\n",
      SERIN_LISTEN_PORT: "8080",
      SERIN_WORKERS: "3",
      SERIN_SPLIT_SALT: "other",
      SERIN_SPLIT_IDENTITY: "header:X-User-Id, cookie:serin_id",
      SERIN_ROUTES: '[{"name":"all","prefix":"/"}]',
      SERIN_TRUSTED_NETWORKS: "10.0.0.0/8,2001:db8::/32",
    });
    expect(config.split.percentage).toBe(12.3456);
    expect(config.listen.port).toBe(8080);
    expect(config.workers).toBe(3);
    expect(config.split.salt).toBe("other");
    expect(config.split.identity).toEqual(["header:X-User-Id", "cookie:serin_id"]);
    expect(config.routes).toEqual([{ name: "all", prefix: "/" }]);
    expect(config.trustedNetworks).toEqual(["10.0.0.0/8", "2001:db8::/32"]);
    expect(pinned.map(({ path }) => path).sort()).toEqual([
      "listen.port",
      "routes",
      "split.identity",
      "split.percentage",
      "split.salt",
      "trustedNetworks",
      "workers",
    ]);
  });

  test.each([
    ["true", true],
    ["1", true],
    ["TRUE", true],
    ["false", false],
    ["0", false],
  ])("reads the kill switch %s as %s", async (text, on) => {
    expect((await loadGood({ USE_LEGACY_API_V1: text })).config.split.killSwitch).toBe(on);
  });

  test("counts an empty variable as not set", async () => {
    const { config, pinned } = await loadGood({ API_V2_TRAFFIC_PERCENTAGE: "", SERIN_SPLIT_SALT: "" });
    expect(config.split.salt).toBe("cms-v2");
    expect(pinned).toEqual([]);
  });

  test.each([
    ["USE_LEGACY_API_V1", "no", "split.killSwitch"],
    ["USE_LEGACY_API_V1", "yes", "split.killSwitch"],
    ["SERIN_LISTEN_PORT", "80abc", "listen.port"],
    ["SERIN_LISTEN_PORT", "tcp://10.0.0.1:8000", "listen.port"],
    ["SERIN_LISTEN_PORT", "65536", "listen.port"],
    ["SERIN_LISTEN_PORT", "-1", "listen.port"],
    ["SERIN_WORKERS", "0", "workers"],
    ["SERIN_WORKERS", "65", "workers"],
    ["API_V2_TRAFFIC_PERCENTAGE", "100.1", "split.percentage"],
    ["API_V2_TRAFFIC_PERCENTAGE", "12.34567", "split.percentage"],
    ["API_V2_TRAFFIC_PERCENTAGE", "5%", "split.percentage"],
    ["SERIN_SPLIT_OFFSET", "1000000", "split.offset"],
    ["SERIN_LOG_LEVEL", "loud", "log.level"],
    ["SERIN_ROUTES", "[{]", "routes"],
    ["SERIN_ROUTES", '{"a":{"b":1}}', "routes"],
    ["SERIN_ROUTES", "null", "routes"],
    ["SERIN_LISTEN_HOST", "999.1.1.1", "listen.host"],
    ["SERIN_UPSTREAMS_V1_URL", "127.0.0.1:3001", "upstreams.v1.url"],
    ["SERIN_UPSTREAMS_V1_URL", "http://a/b", "upstreams.v1.url"],
    ["SERIN_UPSTREAMS_V1_URL", "http://a?", "upstreams.v1.url"],
    ["SERIN_UPSTREAMS_V1_URL", "http://[::1", "upstreams.v1.url"],
    ["SERIN_RELEASE_ID", "a b", "release.id"],
    ["SERIN_TRUSTED_NETWORKS", "10.0.0.0/33", "trustedNetworks[0]"],
    ["SERIN_TRUSTED_NETWORKS", "::1,10.0.0.0/8,home", "trustedNetworks[2]"],
    ["SERIN_SPLIT_IDENTITY", "cookie:serin_id,header:", "split.identity[1]"],
    ["SERIN_SPLIT_IDENTITY", "cookie:serin_id,ip,ip", "split.identity[2]"],
  ])("refuses %s=%s and says where it came from", async (env, value, path) => {
    expect(await problemsOf({ [env]: value })).toEqual([
      expect.objectContaining({ code: "value", path, source: "env", env }),
    ]);
  });

  test("reports everything that is wrong at once", async () => {
    const problems = await problemsOf({
      SERIN_LISTEN_PORT: "x",
      API_V2_TRAFFIC_PERCENTAGE: "x",
      USE_LEGACY_API_V1: "x",
      SERIN_DRAIN_TIMEOUT_MS: "x",
    });
    expect(problems.map(({ path }) => path).sort()).toEqual([
      "drain.timeoutMs",
      "listen.port",
      "split.killSwitch",
      "split.percentage",
    ]);
  });

  test("answers any value of any variable with a config or with problems that name a leaf", async () => {
    const names = listLeaves().map(({ env }) => env);
    const paths = new Set(listLeaves().map(({ path }) => path));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), fc.string(), { maxKeys: 4 }), async (env) => {
        for (const { path } of await problemsOf(env)) {
          expect(paths).toContain(path.replace(/\[.*/, ""));
        }
      }),
    );
  });
});

describe("rules between leaves", () => {
  test.each([
    [{ SERIN_ADMIN_HOST: "0.0.0.0" }, "admin.token"],
    [{ SERIN_ADMIN_PORT: "8000" }, "admin.port"],
    [{ SERIN_SPLIT_IDENTITY: "header:X-User-Id" }, "split.identity"],
    [
      { SERIN_SPLIT_COOKIE_NAME: "__Host-id", SERIN_SPLIT_IDENTITY: "cookie:__Host-id" },
      "split.cookieSecure",
    ],
    [{ SERIN_LIMITS_MAX_TARGET_BYTES: "16384" }, "limits.maxTargetBytes"],
    [{ SERIN_LISTEN_TLS_CERT_FILE: "cert.pem" }, "listen.tls.keyFile"],
    [{ SERIN_LISTEN_TLS_KEY_FILE: "key.pem" }, "listen.tls.keyFile"],
    [{ SERIN_WORKER_MEMORY_MB: "31" }, "workerMemoryMb"],
    [{ SERIN_UPSTREAMS_V1_URL: "http://localhost:8000" }, "upstreams.v1.url"],
    [{ SERIN_UPSTREAMS_V2_URL: "http://[::1]:8000" }, "upstreams.v2.url"],
  ])("refuse %j", async (env, path) => {
    expect(await problemsOf(env)).toEqual([expect.objectContaining({ code: "rule", path })]);
  });

  test.each([
    [{ SERIN_ADMIN_HOST: "0.0.0.0", SERIN_ADMIN_TOKEN: "t0ken" }],
    [{ SERIN_ADMIN_HOST: "127.9.9.9" }],
    [{ SERIN_ADMIN_HOST: "::1" }],
    [{ SERIN_ADMIN_PORT: "0", SERIN_LISTEN_PORT: "0" }],
    [{ SERIN_ADMIN_PORT: "8000", SERIN_LISTEN_HOST: "10.1.2.3" }],
    [{ SERIN_SPLIT_IDENTITY: "header:X-User-Id", SERIN_SPLIT_ISSUE_COOKIE: "0" }],
    [{ SERIN_UPSTREAMS_V1_URL: "http://10.9.9.9:8000" }],
    [{ SERIN_LISTEN_TLS_CERT_FILE: "cert.pem", SERIN_LISTEN_TLS_KEY_FILE: "key.pem" }],
    [{ SERIN_WORKER_MEMORY_MB: "32" }],
  ])("accept %j", async (env) => {
    expect(await problemsOf(env)).toEqual([]);
  });

  test("are skipped while a leaf they read is wrong by itself", async () => {
    const problems = await problemsOf({ SERIN_ADMIN_HOST: "0.0.0.0 " });
    expect(problems.map(({ path }) => path)).toEqual(["admin.host"]);
  });
});

describe("secrets", () => {
  const secret = "hunter2 with spaces";

  test("are not shown in problems, nor is a password in an address", async () => {
    const problems = await problemsOf({
      SERIN_ADMIN_TOKEN: secret,
      SERIN_OVERRIDE_TOKEN: secret,
      SERIN_UPSTREAMS_V1_URL: "http://user:hunter2@v1:3001",
    });
    expect(problems.map(({ path }) => path).sort()).toEqual([
      "admin.token",
      "override.token",
      "upstreams.v1.url",
    ]);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  test("are not shown among the pinned leaves", async () => {
    const { pinned } = await loadGood({ SERIN_ADMIN_TOKEN: "hunter2" });
    expect(pinned).toEqual([{ path: "admin.token", env: "SERIN_ADMIN_TOKEN", value: "[secret]" }]);
  });
});
