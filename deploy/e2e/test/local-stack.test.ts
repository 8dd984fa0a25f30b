import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ProcessIdentity } from "../../local/src/process-identity.ts";
import { ask } from "../src/ask.ts";
import { startsOwnStack } from "../src/black-box.ts";
import { countRunning, readProcesses, startLocalCommand } from "../src/local-command.ts";
import type { LocalCommand } from "../src/local-command.ts";
import { freePorts } from "../src/target.ts";

describe.skipIf(!startsOwnStack())("npm start", () => {
  let dataDir = "";
  let env: Record<string, string | undefined> = {};
  let command: LocalCommand | null = null;

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "serin-start-"));
    env = { ...process.env, ...(await freePorts()), DATABASE_URL: "", JWT_SECRET: "", SERIN_CONFIG: "" };
  });

  afterEach(async () => {
    command?.signal("SIGTERM");
    await command?.ended;
    command = null;
  });

  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  function start(more: Readonly<Record<string, string>> = {}): LocalCommand {
    command = startLocalCommand(["--data", dataDir], { ...env, ...more });
    return command;
  }

  async function startUntilReady(): Promise<LocalCommand> {
    const started = start();
    await started.says("Serin is ready");
    return started;
  }

  function killProcess(victim: ProcessIdentity | undefined): void {
    if (victim === undefined) throw new Error("it does not run");
    process.kill(victim.pid, "SIGKILL");
  }

  const read = (name: string): Promise<string> => readFile(path.join(dataDir, name), "utf8");

  test("names the taken port and the variable that moves it, before anything is started", async () => {
    const holder = createServer();
    holder.listen(Number(env["CMS_V2_PORT"]), "127.0.0.1");
    await once(holder, "listening");
    const refused = start();
    expect(await refused.ended).toBe(1);
    holder.close();
    expect(refused.output()).toContain(
      `port ${env["CMS_V2_PORT"]} (cms-v2) is taken by process ${process.pid}`,
    );
    expect(refused.output()).toContain("set CMS_V2_PORT");
    expect(refused.output()).not.toContain("starting");
  });

  test("ends with 64 and every problem when its variables are wrong", async () => {
    const refused = start({ CMS_V1_PORT: "http", JWT_SECRET: "short" });
    expect(await refused.ended).toBe(64);
    expect(refused.output()).toMatch(/CMS_V1_PORT.*JWT_SECRET|JWT_SECRET.*CMS_V1_PORT/s);
  });

  test("brings everything up, says where, and stops in order on Ctrl-C, leaving no process", async () => {
    const started = await startUntilReady();
    await started.says("serin_requests_total");
    expect(started.output()).toContain(`http://127.0.0.1:${env["SERIN_LISTEN_PORT"]}`);
    const answer = await ask(`http://127.0.0.1:${env["SERIN_LISTEN_PORT"]}/api/v1/tags`, {
      identity: "alice",
    });
    expect(answer.status).toBe(200);
    expect((await stat(path.join(dataDir, "jwt-secret"))).mode & 0o777).toBe(0o600);
    const processes = await readProcesses(dataDir);
    expect(await countRunning(processes)).toBe(4);
    // The terminal tells npm and us, and npm passes its own on.
    started.signal("SIGINT");
    started.signal("SIGINT");
    expect(await started.ended).toBe(0);
    expect(await countRunning(processes)).toBe(0);
    const stops = [...started.output().matchAll(/stopping (proxy|cms-v[12]|PostgreSQL)/g)].map(
      (found) => found[1],
    );
    expect([
      stops[0],
      stops.slice(1, 3).toSorted((one, other) => one?.localeCompare(other ?? "") ?? 0),
      stops[3],
    ]).toEqual(["proxy", ["cms-v1", "cms-v2"], "PostgreSQL"]);
  });

  test("a second start keeps database, secret and config file, and does not seed again", async () => {
    const before = await Promise.all([read("jwt-secret"), read("serin.yaml")]);
    const started = await startUntilReady();
    expect(started.output()).not.toContain("seeding");
    expect(await Promise.all([read("jwt-secret"), read("serin.yaml")])).toEqual(before);
  });

  test("a start beside a running one is refused and does it no harm", async () => {
    const started = await startUntilReady();
    const second = startLocalCommand(["--data", dataDir], env);
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`already running (process ${started.pid})`);
    const answer = await ask(`http://127.0.0.1:${env["SERIN_LISTEN_PORT"]}/api/v1/tags`);
    expect(answer.status).toBe(200);
  });

  test.each(["cms-v1", "proxy"])(
    "the death of %s is said with its last lines, and everything stops",
    async (name) => {
      const started = await startUntilReady();
      const processes = await readProcesses(dataDir);
      killProcess(processes.get(name));
      expect(await started.ended).toBe(1);
      expect(started.output()).toContain(`${name} ended with signal SIGKILL. Its last lines`);
      expect(await countRunning(processes)).toBe(0);
    },
  );

  test("the death of PostgreSQL is said, and everything stops", async () => {
    const started = await startUntilReady();
    const processes = await readProcesses(dataDir);
    killProcess(processes.get("PostgreSQL"));
    expect(await started.ended).toBe(1);
    expect(started.output()).toContain("PostgreSQL ended");
    expect(await countRunning(processes)).toBe(0);
  });

  test("killed outright it takes everything with it, and the next start works", async () => {
    const started = await startUntilReady();
    const processes = await readProcesses(dataDir);
    started.signal("SIGKILL");
    expect(await started.ended).toBe("SIGKILL");
    const next = await startUntilReady();
    expect(await countRunning(processes)).toBe(0);
    next.signal("SIGTERM");
    expect(await next.ended).toBe(0);
  });

  test("stopped while it starts it leaves no process", async () => {
    const started = start();
    await started.says("starting PostgreSQL");
    started.signal("SIGTERM");
    expect(await started.ended).toBe(0);
    expect(started.output()).not.toContain("ready");
    await expect(read("running.json")).rejects.toThrow("ENOENT");
    await expect(read("postgres/postmaster.pid")).rejects.toThrow("ENOENT");
  });

  test("--fresh starts from nothing", async () => {
    const before = await read("jwt-secret");
    command = startLocalCommand(["--data", dataDir, "--fresh"], env);
    await command.says("Serin is ready");
    expect(command.output()).toContain("seeding");
    expect(await read("jwt-secret")).not.toBe(before);
  });
});
