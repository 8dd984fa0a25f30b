import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { findFreePort, findPortProblems } from "../../src/ports.ts";

async function listen(host: string): Promise<number> {
  const server: Server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

test("a taken port is reported with its part, its holder and the variable that moves it", async () => {
  const port = await listen("127.0.0.1");
  const problems = await findPortProblems([
    { name: "cms-v1", port, variable: "CMS_V1_PORT", host: "127.0.0.1" },
  ]);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`port ${port} (cms-v1) is taken by process ${process.pid} (`);
  expect(problems[0]).toContain("set CMS_V1_PORT to another port");
});

test("a wildcard address finds a holder on loopback, and the other way round", async () => {
  const onLoopback = await listen("127.0.0.1");
  const onAll = await listen("0.0.0.0");
  const problems = await findPortProblems([
    { name: "proxy", port: onLoopback, variable: "SERIN_LISTEN_PORT", host: "0.0.0.0" },
    { name: "admin", port: onAll, variable: "SERIN_ADMIN_PORT", host: "127.0.0.1" },
  ]);
  expect(problems.map((problem) => problem.split(" ").slice(0, 3).join(" "))).toEqual([
    `port ${onLoopback} (proxy)`,
    `port ${onAll} (admin)`,
  ]);
});

test("free ports are no problem", async () => {
  const port = await findFreePort();
  expect(
    await findPortProblems([{ name: "proxy", port, variable: "SERIN_LISTEN_PORT", host: "0.0.0.0" }]),
  ).toEqual([]);
});

test("a free port is looked for until one is found", async () => {
  const first = await findFreePort(() => 0.25);
  const holder = createServer();
  holder.listen(first, "127.0.0.1");
  await once(holder, "listening");
  onTestFinished(() => {
    holder.close();
  });
  const draws = [0.25, 0.25, 0.75];
  const second = await findFreePort(() => draws.shift() ?? 0.9);
  expect(second).not.toBe(first);
});
