import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canRun } from "../src/black-box.ts";
import { editPercentage } from "../src/config-file.ts";
import { askVersions, identitiesOn, namedIdentities, percentageOfV2 } from "../src/split.ts";
import { startStack } from "../src/target.ts";
import type { Target } from "../src/target.ts";

describe.skipIf(!canRun("configFile", "adminUrl"))("the split", () => {
  let target: Target;

  beforeAll(async () => {
    target = await startStack();
  });

  afterAll(() => target?.stop());

  test.each([10, 25, 50, 90])(
    "at %i % 500 requests, 10 at a time, fall within 5 points",
    async (percentage) => {
      await editPercentage(target, percentage);
      const versions = await askVersions(target.proxyUrl, namedIdentities(500), {
        concurrency: 10,
        path: "/api/v1/tags",
      });
      expect(Math.abs(percentageOfV2(versions) - percentage)).toBeLessThanOrEqual(5);
    },
  );

  test("at 0 % no request reaches v2", async () => {
    await editPercentage(target, 0);
    expect(percentageOfV2(await askVersions(target.proxyUrl, namedIdentities(500)))).toBe(0);
  });

  test("at 100 % no request reaches v1", async () => {
    await editPercentage(target, 100);
    expect(percentageOfV2(await askVersions(target.proxyUrl, namedIdentities(500)))).toBe(100);
  });

  test("10,000 identities fall within 1 point", async () => {
    await editPercentage(target, 25);
    const versions = await askVersions(target.proxyUrl, namedIdentities(10_000), { concurrency: 20 });
    expect(Math.abs(percentageOfV2(versions) - 25)).toBeLessThanOrEqual(1);
  });

  test("who is on v2 at 10 % is on v2 at 50, 90 and 100 %", async () => {
    const identities = namedIdentities(1000);
    await editPercentage(target, 10);
    let canary = identitiesOn(await askVersions(target.proxyUrl, identities), "v2");
    expect(canary.length).toBeGreaterThan(50);
    for (const percentage of [50, 90, 100]) {
      await editPercentage(target, percentage);
      const now = identitiesOn(await askVersions(target.proxyUrl, identities), "v2");
      expect(canary.filter((identity) => !now.includes(identity))).toEqual([]);
      canary = now;
    }
  });

  test("lowering the weight brings exactly those back who were moved by raising it", async () => {
    const identities = namedIdentities(500);
    await editPercentage(target, 10);
    const before = identitiesOn(await askVersions(target.proxyUrl, identities), "v2");
    await editPercentage(target, 90);
    await editPercentage(target, 10);
    expect(identitiesOn(await askVersions(target.proxyUrl, identities), "v2").toSorted()).toEqual(
      before.toSorted(),
    );
  });
});
