import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { identifyProcess } from "../../src/process-identity.ts";
import { AlreadyRunningError, claimDataDir } from "../../src/run-record.ts";

let folder = "";
const said: string[] = [];
const report = (line: string): void => void said.push(line);

beforeEach(async () => {
  said.length = 0;
  folder = await mkdtemp(path.join(tmpdir(), "serin-record-"));
  return () => rm(folder, { recursive: true, force: true });
});

async function startIdle(script = "setInterval(() => {}, 1000)"): Promise<number> {
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
  await once(child, "spawn");
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  if (child.pid === undefined) throw new Error("no process id");
  return child.pid;
}

async function record(owner: number, children: readonly number[], startedAt?: string): Promise<void> {
  const identify = async (pid: number): Promise<object> => {
    const found = startedAt === undefined ? await identifyProcess(pid) : null;
    return { name: "cms-v1", ...(found ?? { pid, startedAt: startedAt ?? "0" }) };
  };
  const content = { owner: await identify(owner), children: await Promise.all(children.map(identify)) };
  await writeFile(path.join(folder, "running.json"), JSON.stringify(content));
}

test("a folder whose stack still runs is refused, with the process to stop", async () => {
  const owner = await startIdle();
  await record(owner, []);
  const claiming = claimDataDir(folder, report);
  await expect(claiming).rejects.toThrow(AlreadyRunningError);
  await expect(claiming).rejects.toThrow(`process ${owner}`);
});

test("a process that only has the number of the former owner does not stand in the way", async () => {
  const stranger = await startIdle();
  await record(stranger, [stranger], "another time");
  const claim = await claimDataDir(folder, report);
  expect(said).toEqual([]);
  expect(await identifyProcess(stranger)).not.toBeNull();
  await claim.release();
});

test("what a killed run left is waited for", async () => {
  const left = await startIdle("setTimeout(() => {}, 1500)");
  await record(2 ** 22 + 1, [left]);
  await claimDataDir(folder, report);
  expect(said).toEqual([`waiting for processes that a killed run left: cms-v1 (${left})`]);
});

test("a torn record counts as none, and a released folder can be claimed again", async () => {
  await writeFile(path.join(folder, "running.json"), '{"owner":{"pi');
  const claim = await claimDataDir(folder, report);
  await claim.addChild("proxy", process.pid);
  const saved: unknown = JSON.parse(await readFile(path.join(folder, "running.json"), "utf8"));
  expect(saved).toMatchObject({
    owner: { pid: process.pid },
    children: [{ name: "proxy", pid: process.pid }],
  });
  await claim.release();
  await (await claimDataDir(folder, report)).release();
});
