import { readdir, rm, writeFile } from "node:fs/promises";
import { cpuUsage } from "node:process";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FaultyUpstream } from "../../process/faulty-upstream.ts";
import { Load } from "../../process/load.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";

/** Room for what comes and goes while it is counted: probes, log files, the asking client itself. */
const DESCRIPTOR_SLACK = 24;

let upstream: FaultyUpstream;
let serin: SerinProcess;

beforeAll(async () => {
  upstream = await FaultyUpstream.start({
    "/ws": (socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      socket.on("data", (data: Buffer) => socket.write(data));
    },
  });
  serin = await SerinProcess.start(config(10));
});

afterEach(async () => {
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(0);
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

function config(percentage: number, more = ""): string {
  return `workers: 2
log: { access: false }
split: { percentage: ${percentage}, issueCookie: false }
limits: { maxHeaderBytes: 1048576, maxHeaders: 2000, maxTargetBytes: 1000000 }
upstreams:
  v1: { url: "${upstream.url}" }
  v2: { url: "${upstream.url}" }
${more}`;
}

async function percentage(): Promise<unknown> {
  return (await serin.status())["percentage"];
}

function reloadSuccessful(): Promise<number> {
  return serin.metric("serin_config_last_reload_successful");
}

async function reload(text: string): Promise<boolean> {
  await writeFile(serin.configPath, text);
  return (await fetch(`${serin.adminUrl}/reload`, { method: "POST" })).ok;
}

async function descriptors(): Promise<number> {
  return (await readdir(`/proc/${serin.child.pid}/fd`)).length;
}

test("83 a bad, half-written, empty or deleted config keeps the old one, says so and raises the alarm", async () => {
  expect(await reload(config(10))).toBe(true);
  const breakages = [
    config(10, "split: { percentage: 20 }\n"),
    config(999),
    config(20).slice(0, 60),
    config(20, "limtis: {}\n"),
    "",
  ];
  for (const text of breakages) {
    expect(await reload(text), text).toBe(false);
    expect(await reloadSuccessful(), text).toBe(0);
    expect(await percentage()).toBe(10);
    expect((await fetch(`${serin.url}/`)).status).toBe(200);
  }
  await rm(serin.configPath);
  expect((await fetch(`${serin.adminUrl}/reload`, { method: "POST" })).ok).toBe(false);
  expect(await reloadSuccessful()).toBe(0);
  expect((await fetch(`${serin.url}/`)).status).toBe(200);
  expect(serin.log.some(({ msg }) => String(msg).startsWith("config rejected"))).toBe(true);
  expect(await reload(config(10))).toBe(true);
  expect(await reloadSuccessful()).toBe(1);
});

test("84 a hundred reloads under load fail no request, leak nothing and leave WebSockets alone", async () => {
  const tunnel = new RawClient(serin.port);
  tunnel.send(
    "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await tunnel.until(() => tunnel.received.includes("\r\n\r\n"));
  let user = 0;
  const load = new Load(serin.url, 16, () => {
    user += 1;
    return `/?${user}`;
  });
  await expect.poll(() => load.answered, { timeout: 15_000 }).toBeGreaterThan(500);
  const before = {
    descriptors: await descriptors(),
    generation: Number((await serin.status())["generation"]),
  };
  for (let round = 1; round <= 100; round += 1) {
    // Every tenth changes the upstreams' settings, which makes new connections and retires the old ones.
    const timeouts = round % 10 === 0 ? `drain: { timeoutMs: ${2_000 + round} }\n` : "";
    const text = config(10 + (round % 50), timeouts).replaceAll(
      'url: "',
      `connectTimeoutMs: ${2_000 + Math.floor(round / 10)}, url: "`,
    );
    expect(await reload(text), `reload ${round}`).toBe(true);
  }
  const after = load.answered;
  await expect.poll(() => load.answered, { timeout: 15_000 }).toBeGreaterThan(after + 500);
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(Number((await serin.status())["generation"])).toBe(before.generation + 100);
  await expect
    .poll(descriptors, { timeout: 8_000 })
    .toBeLessThanOrEqual(before.descriptors + DESCRIPTOR_SLACK);
  tunnel.send("still there?");
  await tunnel.until(() => tunnel.received.endsWith("still there?"));
  tunnel.socket.destroy();
});

test("91 a megabyte of bait for regular expressions costs no more than a hundred times the sender's work", async () => {
  const size = 1_000_000;
  const fill = (unit: string): string => unit.repeat(Math.floor(size / unit.length));
  const baits = [
    `Cookie: ${fill("serin_id")}`,
    `Cookie: ${fill("a=b;")}`,
    `Cookie: ${fill(";")}`,
    `Cookie: serin_id=${fill(" ")}x`,
    `Connection: ${fill(", ")}x`,
    `X-Forwarded-For: ${fill("1.1.1.1, ")}1.1.1.1`,
    `Forwarded: ${fill('for="[::1]";')}`,
    `Via: ${fill("1.1 a,")}1.1 b`,
    `Authorization: Bearer ${fill("a.")}x`,
    `Authorization: Bearer x.${Buffer.from(`{"sub":"${"\\\\".repeat(300_000)}"}`).toString("base64url")}.y`,
    `Accept: ${fill("text/plain;q=0.1,")}*/*`,
    `X-Canary: ${fill("always ")}`,
    `User-Agent: ${fill(String.fromCharCode(0xe9))}`,
    `Upgrade: ${fill("websocket, ")}`,
    `X-User-Id: ${fill("(a+)+")}$`,
  ];
  const requests = baits.map((bait) => `GET / HTTP/1.1\r\nHost: a.test\r\n${bait}\r\n\r\n`);
  for (const step of ["../", "%2e%2e/", "a//"])
    requests.push(`GET /${step.repeat(120_000)} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  for (const bytes of requests) {
    const shown = bytes.slice(0, 80);
    const cpuBefore = await serin.metric("process_cpu_seconds_total");
    const senderBefore = cpuUsage();
    const client = new RawClient(serin.port);
    client.send(bytes);
    await client.until(() => client.ended || client.responses().length > 0);
    client.socket.destroy();
    const sender = cpuUsage(senderBefore);
    const senderSeconds = (sender.user + sender.system) / 1e6;
    const seconds = (await serin.metric("process_cpu_seconds_total")) - cpuBefore;
    expect(seconds, shown).toBeLessThan(Math.max(100 * senderSeconds, 1));
    expect(seconds, shown).toBeLessThan(1);
  }
  expect((await fetch(`${serin.url}/`)).status).toBe(200);
});
