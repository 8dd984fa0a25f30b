import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { boundPort } from "../../../src/net/bound-port.ts";
import { SerinProcess } from "../../process/serin-process.ts";

const entry = join(import.meta.dirname, "../../../src/cli/serin.ts");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command in a process of its own. */
function serin(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: 20_000 };
    const child = execFile(process.execPath, [entry, ...args], options, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

async function createConfig(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "serin-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "serin.yaml");
  await writeFile(path, text);
  return path;
}

function parseObject(text: string): Record<string, unknown> {
  const value: Record<string, unknown> = JSON.parse(text);
  return value;
}

const bad = "split: {percentage: 101}\nlisten: {prt: 1}\nworkers: none\n";

describe("serin check", () => {
  test("prints what a good config comes to", async () => {
    const path = await createConfig("split: {percentage: 12.5}\n");
    const { code, stdout, stderr } = await serin(["check", "--config", path], { SERIN_SPLIT_SALT: "spring" });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`${path}: ok`);
    expect(stdout).toMatch(/^split +12\.5 % to v2$/m);
    expect(stdout).toMatch(/^pinned +split\.salt = spring by SERIN_SPLIT_SALT$/m);
  });

  test("prints every problem of a bad one, each with its place, and exits 64", async () => {
    const path = await createConfig(bad);
    const { code, stdout, stderr } = await serin(["check"], { SERIN_CONFIG: path });
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(`${path}: 3 problems`);
    expect(stderr).toContain(`${path}:1:21 split.percentage: got 101, expected a percentage`);
    expect(stderr).toContain(`${path}:2:10 listen.prt: unknown key, did you mean "port"?`);
    expect(stderr).toContain(`${path}:3:10 workers: got "none", expected "auto"`);
  });

  test("speaks JSON without secrets", async () => {
    const path = await createConfig("admin: {token: hunter2}\n");
    const { code, stdout } = await serin(["check", "--json", "--config", path], {
      SERIN_OVERRIDE_TOKEN: "hunter2",
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain("hunter2");
    expect(parseObject(stdout)).toMatchObject({
      ok: true,
      config: { "admin.token": "[secret]", "split.percentage": 0 },
    });
    const failed = await serin(["check", "--json", "--config", await createConfig(bad)]);
    expect(failed.code).toBe(64);
    expect(parseObject(failed.stdout)["problems"]).toHaveLength(3);
  });
});

test("serin start with a bad config prints every problem and exits 64 without serving", async () => {
  const { code, stdout, stderr } = await serin(["start", "--config", await createConfig(bad)]);
  expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
  expect(stderr.trim().split("\n")).toHaveLength(3);
});

describe("against a running Serin", () => {
  let running: SerinProcess;
  const ask = (...args: readonly string[]): Promise<Outcome> => serin([...args, "--admin", running.adminUrl]);

  beforeAll(async () => {
    running = await SerinProcess.start("# ours\nworkers: 2\nsplit:\n  percentage: 5   # the share\n");
  });

  afterAll(async () => {
    await running[Symbol.asyncDispose]();
  });

  test("status shows split, config and workers", async () => {
    const { code, stdout } = await ask("status");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^split +5 % to v2$/m);
    expect(stdout).toContain(`${running.configPath}, generation`);
    expect(stdout).toMatch(/^WORKER +GENERATION +STATE$/m);
    expect(stdout).toMatch(/^1 +\d+ +running$/m);
  });

  test("status lists what the environment pins", async () => {
    const { stdout } = await ask("status");
    expect(stdout).toMatch(/^pinned +listen\.host = 127\.0\.0\.1 by SERIN_LISTEN_HOST$/m);
  });

  test("explain says the same as the admin server", async () => {
    const { code, stdout } = await ask("explain", "user 42/ü");
    const { stdout: json } = await ask("explain", "user 42/ü", "--json");
    const { point, version, identity } = parseObject(json);
    expect(code).toBe(0);
    expect(identity).toBe("user 42/ü");
    expect(stdout).toContain(`${String(point)} of 1000000`);
    expect(stdout).toMatch(new RegExp(`^version +${String(version)}, because of hash$`, "m"));
  });

  test("set refuses what is no percentage, with 64 and the file untouched", async () => {
    const before = await readFile(running.configPath, "utf8");
    const { code, stderr } = await ask("set", "120");
    expect(code).toBe(64);
    expect(stderr).toContain("120 is not a percentage");
    expect(await readFile(running.configPath, "utf8")).toBe(before);
  });
});

test("set changes one number in the file and returns when every worker runs it", async () => {
  await using running = await SerinProcess.start(
    "# ours\nworkers: 2\nsplit:\n  percentage: 5   # the share\n",
  );
  const { code, stdout, stderr } = await serin(["set", "37.5", "--admin", running.adminUrl]);
  const status = await running.status();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^split 5 % -> 37\.5 % to v2 \(generation \d+, 2 workers\)$/m);
  expect(await readFile(running.configPath, "utf8")).toBe(
    "# ours\nworkers: 2\nsplit:\n  percentage: 37.5   # the share\n",
  );
  expect(status["percentage"]).toBe(37.5);
  const { generation } = status;
  expect(status["workers"]).toEqual([
    expect.objectContaining({ generation }),
    expect.objectContaining({ generation }),
  ]);
});

test("set to what is already so changes nothing and succeeds", async () => {
  await using running = await SerinProcess.start("split: {percentage: 37.5}\n");
  expect((await serin(["set", "37.50", "--admin", running.adminUrl])).code).toBe(0);
  expect((await running.status())["generation"]).toBe(1);
});

test("set refuses a percentage that the environment pins, and names the variable", async () => {
  await using running = await SerinProcess.start("split: {percentage: 5}\n", {
    API_V2_TRAFFIC_PERCENTAGE: "9",
  });
  const { code, stderr } = await serin(["set", "10"], { SERIN_ADMIN_URL: running.adminUrl });
  expect(code).toBe(1);
  expect(stderr).toContain("pinned by API_V2_TRAFFIC_PERCENTAGE");
  expect(await readFile(running.configPath, "utf8")).toBe("split: {percentage: 5}\n");
  const { stdout } = await serin(["status"], { SERIN_ADMIN_URL: running.adminUrl });
  expect(stdout).toMatch(
    /^ignored +split\.percentage: 5 in the file, because API_V2_TRAFFIC_PERCENTAGE pins it$/m,
  );
});

test("set says why the reload was rejected, and status keeps saying it", async () => {
  await using running = await SerinProcess.start("split: {percentage: 5}\n");
  await writeFile(running.configPath, "split: {percentage: 5}\nlisten: {prt: 1}\n");
  const { code, stderr } = await serin(["set", "10", "--admin", running.adminUrl]);
  expect(code).toBe(1);
  expect(stderr).toContain('listen.prt: unknown key, did you mean "port"?');
  const { stdout } = await serin(["status", "--admin", running.adminUrl]);
  expect(stdout).toMatch(/^split +5 % to v2$/m);
  expect(stdout).toContain("rejected: the last good config stays in force");
  expect(stdout).toContain("listen.prt: unknown key");
});

test("set warns when the kill switch leaves the percentage without effect", async () => {
  await using running = await SerinProcess.start("split: {percentage: 5, killSwitch: true}\n");
  const { code, stderr } = await serin(["set", "10", "--admin", running.adminUrl]);
  expect(code).toBe(0);
  expect(stderr).toContain("the kill switch is on");
});

test("a token is asked for and accepted by flag and by environment", async () => {
  await using running = await SerinProcess.start("admin: {token: hunter2}\n");
  const refused = await serin(["status", "--admin", running.adminUrl]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("wants a token: --token or SERIN_ADMIN_TOKEN");
  expect((await serin(["status", "--admin", running.adminUrl, "--token", "hunter2"])).code).toBe(0);
  expect((await serin(["status", "--admin", running.adminUrl], { SERIN_ADMIN_TOKEN: "hunter2" })).code).toBe(
    0,
  );
});

describe("without a Serin to ask", () => {
  test("status says that nobody answers", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => listener.once("listening", resolve));
    const url = `http://127.0.0.1:${boundPort(listener)}`;
    await new Promise((resolve) => listener.close(resolve));
    const { code, stderr } = await serin(["status", "--admin", url]);
    expect(code).toBe(1);
    expect(stderr).toContain(`no answer from ${url} (ECONNREFUSED)`);
  });

  test.each([
    ["<html>", 200],
    ["[1]", 200],
    ['{"error":"broken"}', 500],
  ])("status makes one clear error of the answer %s with %i", async (body, status) => {
    const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { code, stdout, stderr } = await serin([
      "status",
      "--admin",
      `http://127.0.0.1:${boundPort(server)}`,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(`with ${status}`);
  });

  test("an address that is none is refused", async () => {
    const { code, stderr } = await serin(["status", "--admin", "localhost:9901"]);
    expect(code).toBe(1);
    expect(stderr).toContain("localhost:9901 is not an http:// or https:// address");
  });
});
