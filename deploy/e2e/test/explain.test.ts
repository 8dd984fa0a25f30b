import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pick } from "../src/ask.ts";
import { canRun } from "../src/black-box.ts";
import { editPercentage } from "../src/config-file.ts";
import { runSerin } from "../src/serin-command.ts";
import { askVersions, namedIdentities } from "../src/split.ts";
import { startStack } from "../src/target.ts";
import type { Target } from "../src/target.ts";

describe.skipIf(!canRun("configFile", "adminUrl"))("explain", () => {
  let target: Target;

  beforeAll(async () => {
    target = await startStack();
    await editPercentage(target, 50);
  });

  afterAll(() => target?.stop());

  async function explain(identity: string): Promise<unknown> {
    const response = await fetch(`${target.adminUrl}/explain?identity=${encodeURIComponent(identity)}`);
    expect(response.status).toBe(200);
    return response.json();
  }

  test("the command names point, version, reason and the percentage at which the identity moves", async () => {
    const { code, stdout } = await runSerin(target, ["explain", "alice"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\balice\b/);
    expect(stdout).toMatch(/\b\d{1,6} of 1000000\b/);
    expect(stdout).toMatch(/\bv[12], because of hash\b/);
    expect(stdout).toMatch(/v2 from +\d+(\.\d+)? %/);
  });

  test("what it says is what the proxy does", async () => {
    const identities = ["alice", ...namedIdentities(30, "explained")];
    const versions = await askVersions(target.proxyUrl, identities);
    const explained = await Promise.all(identities.map(explain));
    expect(explained.map((answer) => [pick(answer, "identity"), pick(answer, "version")])).toEqual(
      identities.map((identity) => [identity, versions.get(identity)]),
    );
  });

  test("an identity beyond ASCII is the same one in a header and in the query", async () => {
    const bytes = Buffer.from("Zoë").toString("latin1");
    const byHeader = await askVersions(target.proxyUrl, [bytes]);
    expect(pick(await explain("Zoë"), "version")).toBe(byHeader.get(bytes));
  });

  test("the identity moves exactly at the percentage it names", async () => {
    const moves = Number(pick(await explain("alice"), "movesAtPercentage"));
    const just = Number((moves - 0.0001).toFixed(4));
    await editPercentage(target, just);
    expect((await askVersions(target.proxyUrl, ["alice"])).get("alice")).toBe("v1");
    await editPercentage(target, moves);
    expect((await askVersions(target.proxyUrl, ["alice"])).get("alice")).toBe("v2");
  });
});
