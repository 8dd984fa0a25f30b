import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedPassword } from "../../database/src/seed-rows.ts";
import { ask, pick } from "../src/ask.ts";
import { startsOwnStack } from "../src/black-box.ts";
import { logIn, tokenOf } from "../src/cms.ts";
import { editPercentage } from "../src/config-file.ts";
import { namedIdentities } from "../src/split.ts";
import { startStage } from "../src/stage.ts";
import type { Stage } from "../src/stage.ts";
import { auditDatabase, auditWriter } from "./mixed/audit.ts";
import { startWriter } from "./mixed/writer.ts";
import type { Writer } from "./mixed/writer.ts";

const quickMs = 5000;

describe.skipIf(!startsOwnStack())("mixed running", () => {
  let stage: Stage;
  let adminToken = "";

  beforeAll(async () => {
    stage = await startStage();
    adminToken = tokenOf(await logIn(stage.v1.url, { email: "admin@example.com", password: seedPassword }));
  });

  afterAll(() => stage?.stop());

  const startWriters = (prefix: string, mayFail: boolean): Promise<readonly Writer[]> =>
    Promise.all(
      namedIdentities(8, prefix).map((identity) =>
        startWriter({ proxyUrl: stage.proxyUrl, identity, adminToken, mayFail }),
      ),
    );

  /** Waits until each writer has ended so many more rounds. */
  async function awaitRounds(writers: readonly Writer[], count: number): Promise<void> {
    const goals = writers.map((writer) => writer.rounds() + count);
    const late = (): boolean => writers.some((writer, index) => writer.rounds() < (goals[index] ?? 0));
    await expect.poll(late, { timeout: 40_000, interval: 20 }).toBe(false);
  }

  async function expectAllKept(writers: readonly Writer[]): Promise<void> {
    expect(await loggedErrors()).toEqual([]);
    const sql = await stage.connect();
    try {
      for (const writer of writers) {
        expect(writer.problems).toEqual([]);
        expect(writer.posts.length).toBeGreaterThan(0);
        expect(await auditWriter(sql, writer)).toEqual([]);
      }
      expect(await auditDatabase(sql)).toEqual([]);
    } finally {
      await sql.end();
    }
  }

  /** Lines of level error (50) or worse: what a service did not foresee. */
  async function loggedErrors(): Promise<readonly string[]> {
    const logs = await Promise.all([stage.v1.readLogs(), stage.v2.readLogs()]);
    return logs.flatMap((log) => log.split("\n").filter((line) => /^\{"level":[56]0,/u.test(line)));
  }

  test("moving the split 0 -> 10 -> 50 -> 100 -> 0 under writers loses nothing and logs nobody out", async () => {
    const writers = await startWriters("mixed", false);
    for (const percentage of [0, 10, 50, 100, 0]) {
      await editPercentage(stage, percentage);
      await awaitRounds(writers, 3);
    }
    await Promise.all(writers.map((writer) => writer.finish()));
    for (const writer of writers) expect([...writer.versions].toSorted()).toEqual(["v1", "v2"]);
    await expectAllKept(writers);
  });

  test.each(["v2", "v1"] as const)(
    "killing %s while it serves writers loses nothing that was acknowledged",
    async (version) => {
      await editPercentage(stage, 50);
      const writers = await startWriters(`killing-${version}`, true);
      for (let time = 0; time < 2; time += 1) {
        await awaitRounds(writers, 2);
        await stage[version].kill();
        await stage[version].restart();
      }
      await awaitRecovery(writers);
      await Promise.all(writers.map((writer) => writer.finish()));
      await expectAllKept(writers);
    },
  );

  /** Until everybody is answered again, the users of the killed version among them. */
  async function awaitRecovery(writers: readonly Writer[]): Promise<void> {
    const identities = namedIdentities(20, "recovered");
    const failing = async (): Promise<number> => {
      const url = `${stage.proxyUrl}/api/v1/tags`;
      const answers = await Promise.all(identities.map((identity) => ask(url, { identity })));
      return answers.filter(({ status }) => status !== 200).length;
    };
    await expect.poll(failing, { timeout: 20_000, interval: 100 }).toBe(0);
    await awaitRounds(writers, 2);
  }

  test("PostgreSQL stopped mid-run: 503 quickly, unready but alive, and all recovers by itself", async () => {
    await editPercentage(stage, 50);
    const writers = await startWriters("outage", true);
    await awaitRounds(writers, 2);
    await stage.stopPostgres();
    for (const { url } of [stage.v1, stage.v2]) {
      const startedAt = performance.now();
      const answer = await ask(`${url}/api/v1/posts`);
      expect(performance.now() - startedAt).toBeLessThan(quickMs);
      expect([answer.status, pick(answer.body, "error")]).toEqual([503, "Service temporarily unavailable"]);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      const ready = await ask(`${url}/health/ready`);
      expect([ready.status, pick(ready.body, "status")]).toEqual([503, "unavailable"]);
      expect((await ask(`${url}/health/live`)).status).toBe(200);
    }
    const through = async (): Promise<number> =>
      (await ask(`${stage.proxyUrl}/api/v1/posts`, { identity: "outage-0" })).status;
    await expect.poll(through, { timeout: 5000, interval: 50 }).toBe(503);
    await stage.startPostgres();
    for (const { url } of [stage.v1, stage.v2]) {
      const ready = async (): Promise<number> => (await ask(`${url}/health/ready`)).status;
      await expect.poll(ready, { timeout: 20_000, interval: 100 }).toBe(200);
    }
    await awaitRecovery(writers);
    await Promise.all(writers.map((writer) => writer.finish()));
    await expectAllKept(writers);
  });
});
