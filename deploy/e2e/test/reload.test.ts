import { readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { canRun, startsOwnStack } from "../src/black-box.ts";
import { editPercentage, replaceConfig, waitForWeight, withPercentage } from "../src/config-file.ts";
import { startLoad } from "../src/load.ts";
import { scrape, valuesOf } from "../src/metrics.ts";
import { runSerin } from "../src/serin-command.ts";
import { askVersions, namedIdentities, percentageOfV2 } from "../src/split.ts";
import { readStatus } from "../src/status.ts";
import { startStack } from "../src/target.ts";
import type { Target } from "../src/target.ts";

async function lastReloadSuccessful(target: Target): Promise<number | undefined> {
  return valuesOf(await scrape(target.adminUrl), "serin_config_last_reload_successful")[0];
}

describe.skipIf(!canRun("configFile", "adminUrl"))("a change of the config file", () => {
  let target: Target;
  let original = "";

  beforeAll(async () => {
    target = await startStack();
    original = withPercentage(await readFile(target.configFile, "utf8"), 10);
  });

  afterAll(async () => {
    if (original !== "") await replaceConfig(target, original);
    await target?.stop();
  });

  beforeEach(async () => {
    await replaceConfig(target, original);
    await waitForWeight(target, 10);
  });

  const percentageInForce = async (): Promise<number> => (await readStatus(target)).percentage;

  test("moves the split on every worker within 1 s, under load, and no request fails", async () => {
    const load = startLoad(`${target.proxyUrl}/api/v1/tags`, 10);
    await load.answered(50);
    const times: number[] = [];
    for (const percentage of [50, 90, 25, 100, 0, 50]) {
      times.push(await editPercentage(target, percentage));
      await load.answered(50);
    }
    const { requests, failures } = await load.stop();
    console.log(
      `${requests} requests over ${times.length} changes; slowest change ${Math.max(...times).toFixed(0)} ms`,
    );
    expect(failures).toEqual([]);
    expect(Math.max(...times)).toBeLessThan(1000);
    const versions = await askVersions(target.proxyUrl, namedIdentities(500));
    expect(Math.abs(percentageOfV2(versions) - 50)).toBeLessThanOrEqual(5);
  });

  test("that is written in place, as `echo > file` does, counts too", async () => {
    await writeFile(target.configFile, withPercentage(original, 75));
    await expect.poll(percentageInForce, { timeout: 5000 }).toBe(75);
  });

  test.skipIf(!startsOwnStack())("by a swap of symbolic links, as a ConfigMap does, counts too", async () => {
    const folder = path.dirname(target.configFile);
    const store = async (name: string, percentage: number): Promise<void> => {
      const file = path.join(folder, name);
      await writeFile(file, withPercentage(original, percentage));
      const link = path.join(folder, `${name}.link`);
      await symlink(file, link);
      await rename(link, target.configFile);
    };
    await store("first.yaml", 30);
    await expect.poll(percentageInForce, { timeout: 5000 }).toBe(30);
    await store("second.yaml", 60);
    await expect.poll(percentageInForce, { timeout: 5000 }).toBe(60);
  });

  test("by `serin set 50` is in force when the command returns, and keeps the file's comments", async () => {
    const { code, stdout } = await runSerin(target, ["set", "50"]);
    expect(stdout).toContain("10 % -> 50 %");
    expect(code).toBe(0);
    const status = await readStatus(target);
    expect(status.percentage).toBe(50);
    expect(status.workers.every(({ generation }) => generation === status.generation)).toBe(true);
    const comments = (text: string): string[] => text.split("\n").filter((line) => line.includes("#"));
    const text = await readFile(target.configFile, "utf8");
    expect(comments(text)).toEqual(comments(original));
    expect(comments(text).length).toBeGreaterThan(0);
    expect(text).toMatch(/percentage: 50\b/);
  });

  const broken: readonly (readonly [string, (target: Target) => Promise<void>])[] = [
    ["no YAML", (at) => replaceConfig(at, "split: [percentage")],
    [
      "half-written",
      (at) => writeFile(at.configFile, original.slice(0, original.indexOf("percentage:") + 6)),
    ],
    [
      "cut off after its comments",
      (at) => writeFile(at.configFile, original.slice(0, original.indexOf("split:"))),
    ],
    ["empty", (at) => writeFile(at.configFile, "")],
    ["deleted", (at) => rm(at.configFile)],
    ["out of range", (at) => replaceConfig(at, withPercentage(original, 101))],
    ["misspelt", (at) => replaceConfig(at, original.replace("percentage:", "percentge:"))],
  ];

  test.each(broken)("that is %s changes nothing, and shows in status and metric", async (_, spoil) => {
    const before = await readStatus(target);
    expect(before.reloadOk).toBe(true);
    await spoil(target);
    await expect.poll(() => lastReloadSuccessful(target), { timeout: 5000 }).toBe(0);
    const after = await readStatus(target);
    expect(after.reloadOk).toBe(false);
    expect(after.problems.length).toBeGreaterThan(0);
    expect([after.percentage, after.generation]).toEqual([before.percentage, before.generation]);
    const versions = await askVersions(target.proxyUrl, namedIdentities(200));
    expect(Math.abs(percentageOfV2(versions) - 10)).toBeLessThanOrEqual(5);
    await replaceConfig(target, original);
    await expect.poll(() => lastReloadSuccessful(target), { timeout: 5000 }).toBe(1);
  });
});

describe.skipIf(!startsOwnStack())("the proxy's log", () => {
  let target: Target;

  beforeAll(async () => {
    target = await startStack();
  });

  afterAll(() => target?.stop());

  test("says what is wrong with a broken file, and when it is right again", async () => {
    const original = await readFile(target.configFile, "utf8");
    const readLog = (): Promise<string> => readFile(target.proxyLog ?? "", "utf8");
    await replaceConfig(target, withPercentage(original, 101));
    await expect.poll(readLog, { timeout: 5000 }).toMatch(/"level":"?(warn|error|40|50).*split\.percentage/);
    const before = (await readLog()).length;
    await replaceConfig(target, withPercentage(original, 20));
    await waitForWeight(target, 20);
    await expect
      .poll(async () => (await readLog()).slice(before), { timeout: 5000 })
      .toMatch(/reload|generation/);
  });
});

describe.skipIf(!startsOwnStack())("with API_V2_TRAFFIC_PERCENTAGE=50", () => {
  let target: Target;

  beforeAll(async () => {
    target = await startStack({ API_V2_TRAFFIC_PERCENTAGE: "50" });
  });

  afterAll(() => target?.stop());

  test("the split is 50 %, whatever the file says, and a change of the file is reported as pinned", async () => {
    const status = await readStatus(target);
    expect(status.percentage).toBe(50);
    expect(status.pinned).toContain("split.percentage");
    await replaceConfig(target, withPercentage(await readFile(target.configFile, "utf8"), 80));
    await expect
      .poll(async () => (await readStatus(target)).shadowed, { timeout: 5000 })
      .toContain("split.percentage");
    expect((await readStatus(target)).percentage).toBe(50);
    const versions = await askVersions(target.proxyUrl, namedIdentities(500));
    expect(Math.abs(percentageOfV2(versions) - 50)).toBeLessThanOrEqual(5);
  });

  test("`serin set` refuses, naming the variable", async () => {
    const { code, stderr } = await runSerin(target, ["set", "20"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("API_V2_TRAFFIC_PERCENTAGE");
  });
});
