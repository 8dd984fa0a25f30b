import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Inspector, WITH_INSPECTOR } from "../../process/inspector.ts";
import { Load } from "../../process/load.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

const WORKERS = 2;

let upstream: TestUpstream;
let serin: SerinProcess;
let inspector: Inspector;

beforeAll(async () => {
  upstream = await TestUpstream.start("v1", (request, response) => {
    if (request.url === "/slow") setTimeout(() => response.end("slow"), 500);
    else response.end("ok");
  });
  serin = await SerinProcess.start(
    configFor(upstream, upstream, `workers: ${WORKERS}\nworkerMemoryMb: 64\nlog: { access: false }\n`),
    WITH_INSPECTOR,
  );
  inspector = await Inspector.attach(serin);
});

afterEach(async () => {
  await untilRunning(WORKERS);
});

afterAll(async () => {
  inspector?.[Symbol.dispose]();
  await serin?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

interface WorkerStatus {
  readonly id: number;
  readonly state: string;
  readonly restarts: number;
}

async function workers(): Promise<readonly WorkerStatus[]> {
  const status: { workers: WorkerStatus[] } = JSON.parse(JSON.stringify(await serin.status()));
  return status.workers;
}

async function untilRunning(count: number): Promise<void> {
  await expect
    .poll(async () => (await workers()).filter(({ state }) => state === "running").length, {
      timeout: 10_000,
    })
    .toBe(count);
  await expect.poll(() => inspector.workers.length, { timeout: 5_000 }).toBe(count);
}

function firstWorker(): string {
  const [session] = inspector.workers;
  if (session === undefined) throw new Error("no worker to break");
  return session;
}

test("86 a killed worker takes only its requests in flight with it; the others serve and it comes back", async () => {
  await untilRunning(WORKERS);
  const restarts = await serin.sumMetric("serin_worker_restarts_total");
  const inFlight = Array.from({ length: 40 }, () => {
    const client = new RawClient(serin.port);
    client.send("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
    return client;
  });
  await expect.poll(() => serin.sumMetric("serin_in_flight"), { timeout: 5_000 }).toBe(inFlight.length);
  inspector.runInWorker(firstWorker(), "process.exit(9)").catch(() => undefined);
  // The port never goes silent: connections made now are taken by the worker that is left, or by the new one.
  await serin.waitForLog((line) => line["msg"] === "worker died, restarting it");
  const during = await fetch(`${serin.url}/`);
  expect(during.status).toBe(200);
  await Promise.all(
    inFlight.map((client) => client.until(() => client.ended || client.responses().length > 0)),
  );
  const served = inFlight.filter((client) => client.responses()[0]?.status === 200);
  expect(served.length).toBeGreaterThan(0);
  expect(served.length).toBeLessThan(inFlight.length);
  for (const client of inFlight) client.socket.destroy();
  await untilRunning(WORKERS);
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(restarts + 1);
  // The dead worker's gauges went with it.
  await expect.poll(() => serin.sumMetric("serin_in_flight"), { timeout: 5_000 }).toBe(0);
});

test("86 a worker that dies again and again is restarted with growing pauses, while the other serves", async () => {
  const load = new Load(serin.url, 8);
  const before = serin.log.length;
  for (let round = 0; round < 4; round += 1) {
    await untilRunning(WORKERS);
    const [victim] = inspector.workers.slice(-1);
    inspector.runInWorker(victim ?? "", "process.exit(9)").catch(() => undefined);
    await expect
      .poll(() => serin.log.slice(before).filter(({ msg }) => msg === "worker died, restarting it").length)
      .toBe(round + 1);
  }
  await untilRunning(WORKERS);
  const answered = load.answered;
  await expect.poll(() => load.answered, { timeout: 15_000 }).toBeGreaterThan(answered + 100);
  await load.stop();
  const pauses = serin.log
    .slice(before)
    .filter(({ msg }) => msg === "worker died, restarting it")
    .map((line) => Number(line["restartInMs"]));
  expect(Math.max(...pauses)).toBeGreaterThanOrEqual(4 * Math.min(...pauses));
  // Eight clients with one request each in flight: no death can cost more.
  expect(load.failures.length).toBeLessThanOrEqual(4 * 8);
});

test("86 a worker that outgrows its memory limit dies alone", async () => {
  const restarts = await serin.sumMetric("serin_worker_restarts_total");
  inspector
    .runInWorker(
      firstWorker(),
      "globalThis.kept = []; for (;;) globalThis.kept.push(new Array(100_000).fill(1))",
    )
    .catch(() => undefined);
  await expect
    .poll(() => serin.sumMetric("serin_worker_restarts_total"), { timeout: 10_000 })
    .toBe(restarts + 1);
  expect(JSON.stringify(serin.log)).toContain("ERR_WORKER_OUT_OF_MEMORY");
  expect((await fetch(`${serin.url}/`)).status).toBe(200);
});

test("88 a clock that jumps an hour back or forth times nothing out and breaks nothing", async () => {
  await untilRunning(WORKERS);
  const events = new RawClient(serin.port);
  events.send("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
  const load = new Load(serin.url, 4);
  for (const hours of [-1, 1]) {
    const jump = `globalThis.realNow ??= Date.now; Date.now = () => globalThis.realNow() + ${hours} * 3_600_000`;
    await inspector.runInMain(jump);
    await Promise.all(inspector.workers.map((session) => inspector.runInWorker(session, jump)));
    const before = load.answered;
    await expect.poll(() => load.answered, { timeout: 5_000 }).toBeGreaterThan(before + 200);
    expect(await serin.status()).toMatchObject({ aborted: false, healthy: { v1: true, v2: true } });
  }
  await load.stop();
  expect(load.failures).toEqual([]);
  await events.until(() => events.responses().length > 0);
  expect(events.responses()).toMatchObject([{ status: 200, body: "slow" }]);
  events.socket.destroy();
  const back = "Date.now = globalThis.realNow";
  await inspector.runInMain(back);
  await Promise.all(inspector.workers.map((session) => inspector.runInWorker(session, back)));
});
