import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { startChild } from "../../src/child-process.ts";
import type { Child } from "../../src/child-process.ts";
import { waitUntilHealthy } from "../../src/health.ts";
import { openLogFile } from "../../src/log-file.ts";
import { findFreePort } from "../../src/ports.ts";
import { identifyProcess, stillRuns } from "../../src/process-identity.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "serin-child-"));
  return () => rm(folder, { recursive: true, force: true });
});

async function startScript(name: string, script: string): Promise<Child> {
  const file = path.join(folder, `${name}.mjs`);
  await writeFile(file, script);
  const child = await startChild({
    name,
    args: [file],
    cwd: folder,
    env: process.env,
    logFile: path.join(folder, `${name}.log`),
  });
  onTestFinished(() => child.kill());
  return child;
}

const server = (port: number, extra = ""): string => `
  import { createServer } from "node:http";
  const server = createServer((_, response) => response.end("fine"));
  server.listen(${port}, "127.0.0.1", () => console.log("listening"));
  ${extra}`;

const neverAborted = new AbortController().signal;

test("a child is healthy once it answers, and stops on SIGTERM with its own exit code", async () => {
  const port = await findFreePort();
  const leave = 'process.on("SIGTERM", () => { console.log("bye"); process.exit(7); });';
  const child = await startScript("polite", server(port, leave));
  await waitUntilHealthy(child, `http://127.0.0.1:${port}/`, 10_000, neverAborted);
  expect(await child.stop(10_000)).toEqual({ code: 7, signal: null });
  expect(await child.lastWords).toEqual(["listening", "bye"]);
});

test("a child that ignores SIGTERM is killed after the grace", async () => {
  const port = await findFreePort();
  const child = await startScript("deaf", server(port, 'process.on("SIGTERM", () => {});'));
  await waitUntilHealthy(child, `http://127.0.0.1:${port}/`, 10_000, neverAborted);
  expect(await child.stop(100)).toEqual({ code: null, signal: "SIGKILL" });
});

test("a child that dies before it is healthy is reported with its last lines", async () => {
  const child = await startScript(
    "broken",
    'console.log("reading config"); throw new Error("no such table");',
  );
  const waiting = waitUntilHealthy(child, "http://127.0.0.1:9/", 10_000, neverAborted);
  await expect(waiting).rejects.toThrow(/broken ended with exit code 1.*reading config.*no such table/s);
});

test("a child that never becomes healthy is ended and reported with what it answered", async () => {
  const port = await findFreePort();
  const child = await startScript(
    "sick",
    server(port).replace("response.end", "response.writeHead(503).end"),
  );
  const waiting = waitUntilHealthy(child, `http://127.0.0.1:${port}/`, 1500, neverAborted);
  await expect(waiting).rejects.toThrow(/sick was not healthy after 1.5 s .*status 503/);
  expect((await child.exited).signal).not.toBeNull();
});

test("an aborted wait ends with the reason of the abort", async () => {
  const aborter = new AbortController();
  const child = await startScript("slow", "setInterval(() => {}, 1000);");
  const waiting = waitUntilHealthy(child, "http://127.0.0.1:9/", 10_000, aborter.signal);
  aborter.abort(new Error("SIGINT"));
  await expect(waiting).rejects.toThrow("SIGINT");
});

test("a child stops as on SIGTERM when its parent is killed outright", async () => {
  const port = await findFreePort();
  const childScript = path.join(folder, "orphan.mjs");
  const leave = 'process.on("SIGTERM", () => { console.log("told to stop"); process.exit(0); });';
  await writeFile(childScript, server(port, leave));
  const module = new URL("../../src/child-process.ts", import.meta.url).href;
  const logFile = path.join(folder, "orphan.log");
  const spec = { name: "orphan", args: [childScript], cwd: folder, env: {}, logFile };
  const parent = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `const { startChild } = await import(${JSON.stringify(module)});
       console.log((await startChild(${JSON.stringify(spec)})).pid);`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const pid = Number((await once(createInterface({ input: parent.stdout }), "line"))[0]);
  const child = await identifyProcess(pid);
  if (child === null) throw new Error("the child does not run");
  await expect.poll(() => readFile(logFile, "utf8"), { timeout: 10_000 }).toContain("listening");
  parent.kill("SIGKILL");
  await expect.poll(() => stillRuns(child), { timeout: 10_000 }).toBe(false);
  expect(await readFile(logFile, "utf8")).toContain("told to stop");
});

test("a log is cut when it passes its limit, the part before is kept, and writing goes on", async () => {
  const file = path.join(folder, "busy.log");
  const log = await openLogFile(file, 10_000, 10);
  const child = spawn(
    process.execPath,
    ["-e", 'let n = 0; setInterval(() => console.log("line " + n++ + " ".repeat(200)), 1);'],
    { stdio: ["ignore", log.descriptor, log.descriptor] },
  );
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const sizeOf = (name: string): Promise<number> =>
    stat(name).then(
      ({ size }) => size,
      () => 0,
    );
  await expect.poll(() => sizeOf(`${file}.1`), { timeout: 10_000 }).toBeGreaterThan(10_000);
  await expect.poll(() => log.lastLines(1), { timeout: 10_000 }).toEqual([expect.stringContaining("line")]);
  expect(await sizeOf(file)).toBeLessThan(100_000);
  child.kill("SIGKILL");
  await once(child, "exit");
  await log.close();
});

test("the log of the run before is kept beside the new one", async () => {
  const file = path.join(folder, "again.log");
  await writeFile(file, "first run\n");
  const log = await openLogFile(file);
  expect(await log.lastLines(5)).toEqual([]);
  await log.close();
  expect(await readFile(`${file}.1`, "utf8")).toBe("first run\n");
});
