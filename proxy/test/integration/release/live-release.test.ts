import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";
import { answer, askAll, decided, hangUp, post, statusOf } from "./live-serin.ts";

/** The release on a real process: faults at the upstreams, decisions by Serin itself or over the admin server. */

let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-release-"));
  env = { SERIN_RELEASE_LOG_PATH: join(folder, "release.jsonl"), SERIN_LOG_ACCESS: "false" };
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Fails every hundredth identity, by its number, with 500. */
const failOneInHundred: RequestListener = (request, response) => {
  const number = Number(String(request.headers["x-user-id"]).slice(1));
  response.writeHead(number % 100 === 7 ? 500 : 200).end();
};

describe("Serin decides by itself", () => {
  test("aborts v2 when it fails 1 % of identities at 5 % weight", { timeout: 60_000 }, async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using v2 = await TestUpstream.start("v2", failOneInHundred);
    await using serin = await SerinProcess.start(configFor(v1, v2, "split: {percentage: 5}\n"), env);
    const aborted = serin.waitForLog(decided("aborted"), 55_000);
    let asked = 0;
    while (!(await statusOf(serin)).aborted && asked < 40_000) {
      await askAll(serin, asked, 2_000);
      asked += 2_000;
    }
    await aborted;
    const { release, effectivePercentage } = await statusOf(serin);
    expect(release.aborted).toMatchObject({ who: "serin", cause: "evidence" });
    expect(effectivePercentage).toBe(0);
    expect(release.harmedIdentities.v1).toBe(0);
    console.log(`aborted after ${asked} identities: ${release.aborted?.why}`);
    const versions = await askAll(serin, 1_000_000, 200);
    expect(versions.every((status) => status === 200)).toBe(true);
  });

  test("does not abort when v1 and v2 fail alike", { timeout: 60_000 }, async () => {
    await using v1 = await TestUpstream.start("v1", failOneInHundred);
    await using v2 = await TestUpstream.start("v2", failOneInHundred);
    await using serin = await SerinProcess.start(configFor(v1, v2, "split: {percentage: 25}\n"), env);
    await askAll(serin, 0, 12_000);
    const { release } = await statusOf(serin);
    expect(release.harmedIdentities.v1 + release.harmedIdentities.v2).toBeGreaterThan(100);
    expect(release.aborted).toBeNull();
    expect(release.verdict).not.toBe("harmful");
  });

  test(
    "aborts within 10 s when v2 fails altogether at 50 %, and no GET sees an error",
    { timeout: 60_000 },
    async () => {
      await using v1 = await TestUpstream.start("v1", answer);
      let dead = false;
      await using v2 = await TestUpstream.start("v2", (request, response) => {
        if (dead) hangUp(request, response);
        else answer(request, response);
      });
      await using serin = await SerinProcess.start(configFor(v1, v2, "split: {percentage: 50}\n"), env);
      await askAll(serin, 0, 500);
      const aborted = serin.waitForLog(decided("aborted"), 30_000);
      dead = true;
      const diedMs = performance.now();
      const statuses: number[] = [];
      for (let asked = 500; !(await statusOf(serin)).aborted && asked < 30_000; asked += 200) {
        statuses.push(...(await askAll(serin, asked, 200)));
      }
      await aborted;
      const seconds = (performance.now() - diedMs) / 1000;
      console.log(`aborted ${seconds.toFixed(2)} s after v2 died, ${statuses.length} requests meanwhile`);
      expect(seconds).toBeLessThan(10);
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      expect(await serin.metric("serin_rescues_total")).toBeGreaterThan(0);
    },
  );

  test("keeps an identity that was rescued on v1 for a while", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using v2 = await TestUpstream.start("v2", hangUp);
    await using serin = await SerinProcess.start(
      configFor(v1, v2, "split: {percentage: 100}\nworkers: 2\n"),
      env,
    );
    await askAll(serin, 1, 1);
    await serin.waitForLog((line) => line["msg"] === "serving");
    await expect
      .poll(async () => {
        await askAll(serin, 1, 1);
        return serin.sumMetric("serin_requests_total", 'reason="quarantine"');
      })
      .toBeGreaterThan(0);
  });

  test("walks through a plan with holds of seconds and promotes", { timeout: 30_000 }, async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using v2 = await TestUpstream.start("v2", answer);
    const plan = `split: {percentage: 10}
release:
  steps: ["10% for 1s", "50% for 1s", "90% for 1s", "100% for 1s"]
  advance: auto
  advanceNeeds: not-suspect
  warmupMs: 0
`;
    await using serin = await SerinProcess.start(configFor(v1, v2, plan), env);
    await serin.waitForLog(decided("promoted"), 20_000);
    const steps = serin.log.filter(decided("advanced")).map((line) => line["event"]);
    expect(steps).toMatchObject([{ weightPpm: 500_000 }, { weightPpm: 900_000 }, { weightPpm: 1_000_000 }]);
    const history: { decisions: { type: string }[] } = JSON.parse(
      await (await fetch(`${serin.adminUrl}/history`)).text(),
    );
    expect(history.decisions.map(({ type }) => type)).toEqual([
      "release-started",
      "advanced",
      "advanced",
      "advanced",
      "promoted",
    ]);
  });
});

describe("an operator decides", () => {
  test(
    "an abort is in force on every worker within 100 ms and survives kill -9",
    { timeout: 60_000 },
    async () => {
      await using v1 = await TestUpstream.start("v1", answer);
      await using v2 = await TestUpstream.start("v2", answer);
      const config = configFor(v1, v2, "split: {percentage: 100}\nworkers: 2\n");
      await using serin = await SerinProcess.start(config, env);
      const took: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const startMs = performance.now();
        const { status } = await post(serin, "/abort", { who: "ada", why: "looks bad" });
        took.push(performance.now() - startMs);
        expect(status).toBe(200);
        const { aborted, generation, workers } = await statusOf(serin);
        expect(aborted).toBe(true);
        expect(workers.map((worker) => worker.generation)).toEqual([generation, generation]);
      }
      console.log(`abort in force after ${took.map((ms) => ms.toFixed(1)).join(", ")} ms`);
      expect(took.toSorted((a, b) => a - b)[2]).toBeLessThan(100);

      const exited = once(serin.child, "exit");
      serin.child.kill("SIGKILL");
      await exited;
      await using again = await SerinProcess.start(config, env);
      const status = await statusOf(again);
      expect(status).toMatchObject({ aborted: true, effectivePercentage: 0 });
      expect(status.release.aborted).toMatchObject({ who: "ada", why: "looks bad" });
      const before = v2.requests;
      expect(await askAll(again, 0, 50)).toHaveLength(50);
      expect(v2.requests).toBe(before);
    },
  );

  test("a stale command gets 412 with the current state and what to do", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using serin = await SerinProcess.start(configFor(v1, v1, "split: {percentage: 10}\n"), env);
    const seen = (await statusOf(serin)).release.version;
    expect((await post(serin, "/freeze", { who: "ada" }, seen)).status).toBe(200);
    const stale = await post(serin, "/advance", { who: "bob" }, seen);
    expect(stale.status).toBe(412);
    expect(stale.body.error).toContain(`version ${seen + 1}`);
    expect(stale.body.whatToDo).toContain(`If-Match: ${seen + 1}`);
    expect(stale.body.release).toMatchObject({ version: seen + 1, percentage: 10 });
  });

  test("a command that cannot be obeyed gets 409 with the reason", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using serin = await SerinProcess.start(configFor(v1, v1, "split: {percentage: 10}\n"), env);
    await post(serin, "/abort", { who: "ada" });
    const refused = await post(serin, "/promote", { who: "ada" });
    expect(refused.status).toBe(409);
    expect(refused.body.error).toMatch(/aborted/);
    expect(refused.body.whatToDo).toMatch(/resume/i);
  });

  test("lowering the percentage in the config to 0 takes everybody off v2, and the same release goes on when it is raised", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using v2 = await TestUpstream.start("v2", answer);
    await using first = await SerinProcess.start(configFor(v1, v2), {
      ...env,
      API_V2_TRAFFIC_PERCENTAGE: "50",
    });
    await first.stop();
    await using second = await SerinProcess.start(configFor(v1, v2), {
      ...env,
      API_V2_TRAFFIC_PERCENTAGE: "0",
    });
    expect(await statusOf(second)).toMatchObject({ effectivePercentage: 0, release: { percentage: 0 } });
    const before = v2.requests;
    await askAll(second, 0, 100);
    expect(v2.requests).toBe(before);
    await second.stop();
    await using third = await SerinProcess.start(configFor(v1, v2, "split: {percentage: 50}\n"), {
      ...env,
      USE_LEGACY_API_V1: "true",
    });
    expect(await statusOf(third)).toMatchObject({ effectivePercentage: 0, release: { percentage: 50 } });
  });

  test("a damaged log is put aside and everybody stays on v1 until an operator resumes", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    const config = configFor(v1, v1, "split: {percentage: 50}\n");
    const path = join(folder, "release.jsonl");
    await writeFile(path, "not a log\n{}\n");
    await using serin = await SerinProcess.start(config, env);
    const { aborted, release } = await statusOf(serin);
    expect(aborted).toBe(true);
    expect(release.aborted?.why).toMatch(/damaged.*line 1/);
    expect((await readdir(folder)).filter((name) => name.includes("damaged"))).toHaveLength(1);
    expect((await post(serin, "/resume", { who: "ada" })).status).toBe(200);
    expect(await statusOf(serin)).toMatchObject({ aborted: false, effectivePercentage: 50 });
  });
});
