import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadHashes } from "../../../src/hashes.ts";
import { runSerin } from "../../process/serin-command.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

let upstream: TestUpstream;
let serin: SerinProcess;
let config: string;
const identities = Array.from({ length: 60 }, (_, i) => `preview-${i}`);

beforeAll(async () => {
  upstream = await TestUpstream.start("both");
  config = configFor(upstream, upstream, "workers: 2\nsplit:\n  percentage: 20\n");
  serin = await SerinProcess.start(config);
  for (const identity of identities) {
    const response = await fetch(`${serin.url}/`, { headers: { "x-user-id": identity } });
    await response.arrayBuffer();
  }
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

async function fileOf(text: string): Promise<string> {
  const path = join(serin.folder, "next.yaml");
  await writeFile(path, text);
  return path;
}

/** From which percentage each identity is on v2. */
async function movesAt(identity: string): Promise<number> {
  const response = await fetch(`${serin.adminUrl}/explain?identity=${identity}`);
  const explained: Record<string, unknown> = JSON.parse(await response.text());
  return Number(explained["movesAtPercentage"]);
}

test("a raise moves exactly its points and names the recent identities that go, by their hash", async () => {
  const path = await fileOf(config.replace("percentage: 20", "percentage: 45.5"));
  const { code, stdout, stderr } = await runSerin(serin, "preview", path, "--json");
  const body: Record<string, unknown> = JSON.parse(stdout);
  const { hash64 } = await loadHashes();
  const points = await Promise.all(identities.map(movesAt));
  const moving = identities.filter((_, i) => (points[i] ?? 0) > 20 && (points[i] ?? 0) <= 45.5).map(hash64);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(body).toMatchObject({
    kind: "moved",
    pointsToV2: 255_000,
    pointsToV1: 0,
    backward: false,
    from: { percentage: 20 },
    to: { percentage: 45.5 },
    seen: { total: identities.length, toV1: { count: 0, keys: [] } },
  });
  expect(body["seen"]).toHaveProperty("toV2.count", moving.length);
  const named = JSON.stringify(body["seen"]).match(/"([0-9a-f]{16})"/g) ?? [];
  expect(named).toHaveLength(Math.min(10, moving.length));
  for (const key of named) expect(moving).toContain(key.slice(1, -1));
  expect(stdout).not.toContain("preview-");
  expect(await readFile(serin.configPath, "utf8")).toBe(config);
  expect(await serin.status()).toMatchObject({ percentage: 20, generation: 1 });
});

test("a change that moves users back is refused, shown all the same, and allowed when said so", async () => {
  const path = await fileOf(config.replace("percentage: 20", "percentage: 5"));
  const refused = await runSerin(serin, "preview", path);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(/^points to v1 +150000 of 1000000$/m);
  expect(refused.stderr).toContain("would move users back from v2 to v1");
  expect(refused.stderr).toContain("--allow-backward");
  const allowed = await runSerin(serin, "preview", path, "--allow-backward");
  expect(allowed).toMatchObject({ code: 0, stderr: "" });
  expect(allowed.stdout).toMatch(/^split +20 % -> 5 % to v2$/m);
});

test("another salt and another offset are named as what they are", async () => {
  const salted = await runSerin(serin, "preview", await fileOf(`${config}  salt: spring\n`));
  expect(salted.code).toBe(1);
  expect(salted.stdout).toContain("Everything is reshuffled: expect 16 % from v1 to v2 and 16 %");
  expect(salted.stdout).toContain("split.salt changes: all users are dealt anew");
  const rotated = await runSerin(serin, "preview", await fileOf(`${config}  offset: 50000\n`));
  expect(rotated.stdout).toContain("100000 of 1,000,000 points move: 5 % from v1 to v2 and 5 %");
  expect(rotated.stdout).toContain("split.offset changes by 50000 points");
  const fresh = await runSerin(serin, "preview", await fileOf(`${config}release: {id: spring}\n`));
  expect(fresh).toMatchObject({ code: 0, stderr: "" });
  expect(fresh.stdout).toContain("Nobody moves.");
  expect(fresh.stdout).toContain("release.id changes: a new release begins");
});

test("a config that a reload would reject is answered with every problem and its place", async () => {
  const path = await fileOf("split: {percentage: 101}\nlisten: {prt: 1}\n");
  const { code, stdout, stderr } = await runSerin(serin, "preview", path);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("A reload would reject this config: 2 problems");
  expect(stderr).toContain(`${path}:1:21 split.percentage: got 101`);
  expect(stderr).toContain(`${path}:2:10 listen.prt: unknown key, did you mean "port"?`);
  const restart = await runSerin(serin, "preview", await fileOf(config.replace("workers: 2", "workers: 3")));
  expect(restart.stderr).toContain("cannot change without a restart");
});

test("the admin server wants a text and takes one as long as a config may be", async () => {
  const post = (body: unknown): Promise<Response> =>
    fetch(`${serin.adminUrl}/preview`, { method: "POST", body: JSON.stringify(body) });
  expect((await post({ config: 5 })).status).toBe(400);
  expect((await post({ config: `${config}#${"x".repeat(200_000)}` })).status).toBe(200);
  expect((await post({ config: `${config}#${"x".repeat(1_100_000)}` })).status).toBe(422);
});

test("a plan that has moved on and an abort are seen as a reload would see them", async () => {
  await using moved = await SerinProcess.start(config);
  await runSerin(moved, "advance");
  const same = await runSerin(moved, "preview", moved.configPath);
  expect(same).toMatchObject({ code: 0, stderr: "" });
  expect(same.stdout).toContain("Nobody moves.");
  expect(same.stdout).toContain("so the 50 % that the release has come to stay in force");
  await runSerin(moved, "abort");
  const aborted = await runSerin(
    moved,
    "preview",
    await fileOf(config.replace("percentage: 20", "percentage: 90")),
  );
  expect(aborted.stdout).toContain("Nobody moves.");
  expect(aborted.stdout).toContain("The release is aborted");
});
