import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../src/ask.ts";
import { canRun } from "../src/black-box.ts";
import { editPercentage } from "../src/config-file.ts";
import { namedIdentities } from "../src/split.ts";
import { startStack } from "../src/target.ts";
import type { Target } from "../src/target.ts";

/** An unsigned token, enough for the split, which reads the payload only. */
function tokenOf(subject: string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ sub: subject })}.c2lnbmF0dXJl`;
}

describe.skipIf(!canRun("configFile", "adminUrl"))("an identity", () => {
  let target: Target;

  beforeAll(async () => {
    target = await startStack();
    await editPercentage(target, 50);
  });

  afterAll(() => target?.stop());

  test("gets the same version every time, whichever worker answers", async () => {
    for (const identity of namedIdentities(20, "sticky")) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => ask(`${target.proxyUrl}/health/live`, { identity })),
      );
      expect(new Set(answers.map(({ version }) => version)).size).toBe(1);
    }
  });

  test("gets the same version by header and by token", async () => {
    for (const identity of namedIdentities(20, "sticky")) {
      const byHeader = await ask(`${target.proxyUrl}/health/live`, { identity });
      const byToken = await ask(`${target.proxyUrl}/health/live`, { token: tokenOf(identity) });
      expect(byToken.version).toBe(byHeader.version);
    }
  });

  test("is given by cookie to whoever has none, and keeps its version", async () => {
    const versions = new Set<string | null>();
    for (let visitor = 0; visitor < 30; visitor += 1) {
      const first = await ask(`${target.proxyUrl}/health/live`);
      const cookie = /serin_id=[^;]+/.exec(first.headers.get("set-cookie") ?? "")?.[0] ?? "";
      expect(cookie).not.toBe("");
      const second = await ask(`${target.proxyUrl}/health/live`, { headers: { cookie } });
      expect(second.version).toBe(first.version);
      expect(second.headers.get("set-cookie")).toBeNull();
      versions.add(first.version);
    }
    expect(versions).toEqual(new Set(["v1", "v2"]));
  });
});
