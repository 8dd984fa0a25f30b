import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, pick } from "../src/ask.ts";
import { canRun, startsOwnStack } from "../src/black-box.ts";
import { logIn, newPerson, register, tokenOf } from "../src/cms.ts";
import { editPercentage } from "../src/config-file.ts";
import { scrape, valuesOf } from "../src/metrics.ts";
import { askVersions, identitiesOn, namedIdentities, percentageOfV2 } from "../src/split.ts";
import { readStatus } from "../src/status.ts";
import { startStack } from "../src/target.ts";
import type { Target } from "../src/target.ts";

/** What has to hold in staging before real users come. */
describe.skipIf(!canRun("configFile", "adminUrl", "v1Url", "v2Url"))("staging", () => {
  let target: Target;
  const identities = namedIdentities(500, "staging");
  const askAll = (): ReturnType<typeof askVersions> => askVersions(target.proxyUrl, identities);

  beforeAll(async () => {
    target = await startStack();
  });

  afterAll(() => target?.stop());

  test("1 environment: proxy, admin and both services answer, each as itself", async () => {
    const answers = await Promise.all([
      ask(`${target.proxyUrl}/health/ready`),
      ask(`${target.adminUrl}/healthz`),
      ask(`${target.v1Url}/health/ready`),
      ask(`${target.v2Url}/health/ready`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await ask(`${target.v1Url}/api/v2/posts`)).status).toBe(404);
    expect((await ask(`${target.v2Url}/api/v2/posts`)).status).toBe(200);
  });

  test.each([0, 100])("2 register and read back at %i percent", async (percentage) => {
    await editPercentage(target, percentage);
    const person = newPerson();
    const registered = await register(target.proxyUrl, person, person.username);
    expect([registered.status, registered.version]).toEqual([201, percentage === 0 ? "v1" : "v2"]);
    const token = tokenOf(await logIn(target.proxyUrl, person, person.username));
    const profile = await ask(`${target.proxyUrl}/api/v1/auth/profile`, { identity: person.username, token });
    expect(profile.status).toBe(200);
    expect(JSON.stringify(profile.body)).toContain(person.username);
  });

  test("3 split: 0, 50 and 100 % are kept, and each identity stays where it is", async () => {
    for (const percentage of [0, 50, 100]) {
      await editPercentage(target, percentage);
      const first = await askAll();
      expect(await askAll()).toEqual(first);
      const tolerance = percentage === 50 ? 5 : 0;
      expect(Math.abs(percentageOfV2(first) - percentage)).toBeLessThanOrEqual(tolerance);
    }
  });

  test.skipIf(!startsOwnStack())(
    "4 variables: percentage and kill switch can be set by environment",
    async () => {
      const pinned = await startStack({ API_V2_TRAFFIC_PERCENTAGE: "100", USE_LEGACY_API_V1: "true" });
      try {
        const status = await readStatus(pinned);
        expect(status.pinned).toEqual(expect.arrayContaining(["split.percentage", "split.killSwitch"]));
        expect(percentageOfV2(await askVersions(pinned.proxyUrl, namedIdentities(50)))).toBe(0);
        // What exists only on v2 stays there even so.
        expect((await ask(`${pinned.proxyUrl}/api/v2/posts`)).version).toBe("v2");
      } finally {
        await pinned.stop();
      }
    },
  );

  test("5 readiness: ready, every worker on one generation, both versions healthy, last reload good", async () => {
    expect((await ask(`${target.adminUrl}/readyz`)).status).toBe(200);
    const status = await readStatus(target);
    expect(status.workers.length).toBeGreaterThan(0);
    expect(status.workers.every(({ generation }) => generation === status.generation)).toBe(true);
    expect(status.reloadOk).toBe(true);
    const samples = await scrape(target.adminUrl);
    expect(valuesOf(samples, "serin_upstream_healthy", { version: "v1" })).toEqual([1]);
    expect(valuesOf(samples, "serin_upstream_healthy", { version: "v2" })).toEqual([1]);
    expect(valuesOf(samples, "serin_config_last_reload_successful")).toEqual([1]);
  });

  test("6 timeline: over 10, 50, 90 and 100 % users only ever move to v2, and no request fails", async () => {
    await editPercentage(target, 0);
    let canary: readonly string[] = [];
    for (const percentage of [10, 50, 90, 100]) {
      await editPercentage(target, percentage);
      const now = new Set(identitiesOn(await askAll(), "v2"));
      expect(canary.every((identity) => now.has(identity))).toBe(true);
      expect(now.size).toBeGreaterThan(canary.length);
      canary = [...now];
    }
    expect(canary.length).toBe(identities.length);
  });

  test("7 rollback: from 50 to 0 % within a second, and who registered on v2 is served by v1", async () => {
    await editPercentage(target, 50);
    const [onV2] = identitiesOn(await askAll(), "v2");
    const person = newPerson();
    const registered = await register(target.proxyUrl, person, onV2);
    expect([registered.status, registered.version]).toEqual([201, "v2"]);
    const tookMs = await editPercentage(target, 0);
    console.log(`rollback 50 -> 0 % took ${tookMs.toFixed(0)} ms`);
    expect(tookMs).toBeLessThan(1000);
    expect(percentageOfV2(await askAll())).toBe(0);
    const loggedIn = await logIn(target.proxyUrl, person, onV2);
    expect([loggedIn.status, loggedIn.version]).toEqual([200, "v1"]);
    expect(pick(loggedIn.body, "data", "user", "username")).toBe(person.username);
  });

  test.each([0, 10, 25, 50, 75, 90, 100])(
    "distribution: %i percent gives that share of users",
    async (percentage) => {
      await editPercentage(target, percentage);
      const share = percentageOfV2(await askAll());
      expect(Math.abs(share - percentage)).toBeLessThanOrEqual(percentage % 100 === 0 ? 0 : 5);
    },
  );
});
