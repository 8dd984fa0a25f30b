import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canRun } from "../src/black-box.ts";
import { editPercentage } from "../src/config-file.ts";
import { fetchValidator } from "../src/open-api.ts";
import { startStack } from "../src/target.ts";
import type { Target } from "../src/target.ts";
import { accountChecks } from "./contract/account-checks.ts";
import { apiV2Checks } from "./contract/api-v2-checks.ts";
import { createClient } from "./contract/client.ts";
import type { Place } from "./contract/client.ts";
import { fieldChecks } from "./contract/field-checks.ts";
import { listChecks } from "./contract/list-checks.ts";
import { postChecks } from "./contract/post-checks.ts";
import { requestChecks } from "./contract/request-checks.ts";
import { roleChecks } from "./contract/role-checks.ts";
import { buildScene } from "./contract/scene.ts";
import type { Check, Scene } from "./contract/scene.ts";
import { userChecks } from "./contract/user-checks.ts";

const apiV1Checks = [
  ...requestChecks,
  ...fieldChecks,
  ...accountChecks,
  ...postChecks,
  ...listChecks,
  ...userChecks,
  ...roleChecks,
];

interface Setting {
  readonly name: string;
  readonly url: "v1Url" | "v2Url" | "proxyUrl";
  /** Share of v2 at the proxy. */
  readonly percentage: number | null;
  readonly versions: readonly ("v1" | "v2")[];
}

const v1: Setting = { name: "v1 directly", url: "v1Url", percentage: null, versions: ["v1"] };
const v2: Setting = { name: "v2 directly", url: "v2Url", percentage: null, versions: ["v2"] };
const throughProxy = (percentage: number, versions: Setting["versions"]): Setting => ({
  name: `the proxy at ${percentage} %`,
  url: "proxyUrl",
  percentage,
  versions,
});

describe.skipIf(!canRun("configFile", "adminUrl", "v1Url", "v2Url"))("the contract", () => {
  let target: Target;

  beforeAll(async () => {
    target = await startStack({ RATE_LIMIT_LOGIN: "100000", RATE_LIMIT_REGISTER: "100000" });
  });

  afterAll(() => target?.stop());

  async function arrive(setting: Setting): Promise<Place> {
    if (setting.percentage !== null) await editPercentage(target, setting.percentage);
    const fetched = setting.versions.map(
      async (version) => [version, await fetchValidator(target[`${version}Url`])] as const,
    );
    return {
      baseUrl: target[setting.url],
      validators: Object.fromEntries(await Promise.all(fetched)),
      spread: setting.percentage !== null,
      seen: new Set(),
    };
  }

  function describeChecks(title: string, setting: Setting, checks: readonly Check[]): void {
    describe(`${title} on ${setting.name}`, () => {
      let place: Place;
      let scene: Scene;
      beforeAll(async () => {
        place = await arrive(setting);
        scene = await buildScene(createClient(place));
      });
      test.each(checks)("$name", async ({ run }) => {
        expect.hasAssertions();
        await run(scene);
      });
      if (setting.percentage === null) return;
      test("every version that was to answer has, and no other", () => {
        expect([...place.seen].toSorted((a, b) => a.localeCompare(b))).toEqual(setting.versions);
      });
    });
  }

  test("of API v1 has at least 150 checks, each with a name of its own", () => {
    const names = apiV1Checks.map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(150);
    expect(new Set(names).size).toBe(names.length);
  });

  for (const setting of [
    v1,
    v2,
    throughProxy(0, ["v1"]),
    throughProxy(50, ["v1", "v2"]),
    throughProxy(100, ["v2"]),
  ]) {
    describeChecks("API v1", setting, apiV1Checks);
  }
  // At 0 %, where everything else goes to v1. The scene is built in API v1, so v1 answers too.
  for (const setting of [v2, throughProxy(0, ["v1", "v2"])]) {
    describeChecks("API v2", setting, apiV2Checks);
  }
});
