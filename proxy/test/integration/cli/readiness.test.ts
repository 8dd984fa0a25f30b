import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runSerin } from "../../process/serin-command.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

const deprecated = `workers: 1
routes:
  - name: api-v1
    prefix: /api/v1/
    deprecation: {since: "2020-01-01", sunset: "2020-06-01"}
`;

async function createLogPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "serin-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "release.jsonl");
}

async function get(serin: SerinProcess, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) await (await fetch(`${serin.url}${path}`)).arrayBuffer();
}

interface Readiness {
  readonly removable: boolean;
  readonly share: number;
  readonly routes: readonly { readonly requestsByDay: readonly { readonly requests: number | null }[] }[];
}

async function readinessOf(serin: SerinProcess): Promise<Readiness> {
  const readiness: Readiness = JSON.parse((await runSerin(serin, "readiness", "--json")).stdout);
  return readiness;
}

/** Over all days, so that midnight may pass in between. */
function requestsOf({ routes }: Readiness): number {
  return routes
    .flatMap((route) => route.requestsByDay)
    .reduce((sum, { requests }) => sum + (requests ?? 0), 0);
}

test("requests on deprecated routes are counted by day, also over a restart", async () => {
  await using upstream = await TestUpstream.start("v1");
  const env = { SERIN_RELEASE_LOG_PATH: await createLogPath() };
  {
    await using serin = await SerinProcess.start(configFor(upstream, upstream, deprecated), env);
    await get(serin, "/api/v1/a", "/api/v1/b", "/api/v1/c", "/elsewhere");
    const before = await readinessOf(serin);
    expect(before).toMatchObject({ removable: false, share: 0.75 });
    expect(requestsOf(before)).toBe(3);
  }
  await using again = await SerinProcess.start(configFor(upstream, upstream, deprecated), env);
  await get(again, "/api/v1/d");
  const after = await readinessOf(again);
  expect(after).toMatchObject({ share: 0.8 });
  expect(requestsOf(after)).toBe(4);
  const { code, stdout } = await runSerin(again, "readiness");
  expect(code).toBe(0);
  expect(stdout).toContain("API v1 cannot be removed yet: api-v1 got 4 requests in the last 28 days, 80 %");
  expect(stdout).toMatch(/^gates +50 % not passed, 20 % not passed, 10 % not passed, 0 % not passed$/m);
  expect(stdout).toMatch(/^api-v1 +\/api\/v1\/, 80 %, last seen \d{4}-/m);
});

test("a usage file that cannot be read is warned of, set aside and begun anew", async () => {
  await using upstream = await TestUpstream.start("v1");
  const logPath = await createLogPath();
  const usagePath = `${logPath}.usage.json`;
  await writeFile(usagePath, '{"version":1,"days":{"2026-01-01":{"total":-1');
  const env = { SERIN_RELEASE_LOG_PATH: logPath };
  {
    await using serin = await SerinProcess.start(configFor(upstream, upstream, deprecated), env);
    await serin.waitForLog((line) => String(line["msg"]).includes("usage is counted from nothing"));
    await get(serin, "/api/v1/a");
    expect(requestsOf(await readinessOf(serin))).toBe(1);
  }
  expect(await readFile(`${usagePath}.bad`, "utf8")).toContain('"total":-1');
  expect(JSON.parse(await readFile(usagePath, "utf8"))).toMatchObject({ version: 1 });
});

test("without a deprecated route readiness says what is missing and writes no file", async () => {
  const logPath = await createLogPath();
  {
    await using serin = await SerinProcess.start("workers: 1\n", { SERIN_RELEASE_LOG_PATH: logPath });
    const { stdout } = await runSerin(serin, "readiness");
    expect(stdout).toContain("API v1 cannot be removed yet: no route is marked deprecated");
  }
  await expect(readFile(`${logPath}.usage.json`)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a usage file that cannot be written is warned of while counting goes on in memory", async () => {
  await using upstream = await TestUpstream.start("v1");
  const logPath = await createLogPath();
  await mkdir(`${logPath}.usage.json`);
  const env = { SERIN_RELEASE_LOG_PATH: logPath };
  await using serin = await SerinProcess.start(configFor(upstream, upstream, deprecated), env);
  await get(serin, "/api/v1/a");
  await serin.waitForLog((line) => String(line["msg"]).startsWith("cannot write"));
  expect(requestsOf(await readinessOf(serin))).toBe(1);
  expect(await serin.stop()).toBe(0);
});
