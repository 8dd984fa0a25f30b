import { once } from "node:events";
import { Agent, request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Load } from "../../process/load.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

let upstream: TestUpstream;
let serin: SerinProcess;

beforeEach(async () => {
  upstream = await TestUpstream.start("v1", (request_, response) => {
    if (request_.url === "/slow") setTimeout(() => response.end("slow"), 1_500);
    else if (request_.url === "/never") response.writeHead(200).write("and then");
    else response.end("ok");
  });
  upstream.server.on("upgrade", (_request, socket) => {
    socket.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.pipe(socket);
  });
});

afterEach(async () => {
  await serin[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function start(drain: string): Promise<SerinProcess> {
  return SerinProcess.start(
    configFor(upstream, upstream, `workers: 2\nlog: { access: false }\ndrain: ${drain}\n`),
  );
}

async function isReady(): Promise<boolean> {
  return (await fetch(`${serin.adminUrl}/readyz`)).ok;
}

test("85 a stop under load fails readiness first, finishes what is in flight and fails no request", async () => {
  serin = await start("{ delayMs: 800, timeoutMs: 5000 }");
  const load = new Load(serin.url, 16);
  await expect.poll(() => load.answered, { timeout: 15_000 }).toBeGreaterThan(500);
  const slow = Array.from({ length: 8 }, () => {
    const client = new RawClient(serin.port);
    client.send("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
    return client;
  });
  await expect.poll(() => serin.sumMetric("serin_in_flight"), { timeout: 5_000 }).toBeGreaterThanOrEqual(8);
  const exited = once(serin.child, "exit");
  serin.child.kill("SIGTERM");
  // As a load balancer does: it goes on until it sees that readiness is gone.
  await expect.poll(isReady, { interval: 20, timeout: 5_000 }).toBe(false);
  const closing = await fetch(`${serin.url}/`);
  expect(closing.status).toBe(200);
  expect(closing.headers.get("connection")).toBe("close");
  await load.stop();
  expect(load.failures).toEqual([]);
  await Promise.all(slow.map((client) => client.untilClosed()));
  for (const client of slow) {
    expect(client.responses()).toMatchObject([{ status: 200, body: "slow" }]);
    expect(client.responses()[0]?.headers.get("connection")).toBe("close");
  }
  expect(await exited).toEqual([0, null]);
});

test("85 a request on a kept connection that comes right after the stop is answered, not reset", async () => {
  serin = await start("{ delayMs: 0, timeoutMs: 5000 }");
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const ask = (): Promise<{ status: number; reused: boolean; connection: string | undefined }> =>
    new Promise((resolve, reject) => {
      const sent = request(serin.url, { agent }, (response) => {
        response.resume();
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            reused: sent.reusedSocket,
            connection: response.headers.connection,
          }),
        );
      });
      sent.on("error", reject);
      sent.end();
    });
  await Promise.all(Array.from({ length: 20 }, ask));
  serin.child.kill("SIGTERM");
  await serin.waitForLog(({ msg }) => msg === "draining");
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  for (const answer of answers) expect(answer).toEqual({ status: 200, reused: true, connection: "close" });
  agent.destroy();
});

test("85 what does not finish is cut at the deadline, tunnels are closed before it", async () => {
  serin = await start("{ delayMs: 0, timeoutMs: 1500 }");
  const never = new RawClient(serin.port);
  never.send("GET /never HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await never.until(() => never.received.includes("and then"));
  const tunnel = new RawClient(serin.port);
  tunnel.send(
    "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await tunnel.until(() => tunnel.received.includes("\r\n\r\n"));
  const exited = once(serin.child, "exit");
  const startedMs = performance.now();
  serin.child.kill("SIGTERM");
  await tunnel.untilClosed();
  expect(performance.now() - startedMs).toBeLessThan(1_300);
  expect(tunnel.failed).toBe(false);
  await never.untilClosed();
  expect(never.received).not.toContain("\r\n0\r\n\r\n");
  expect(await exited).toEqual([0, null]);
  expect(performance.now() - startedMs).toBeLessThan(4_000);
  expect(serin.log.find(({ msg }) => msg === "stopped")).toMatchObject({ cut: 1 });
});

test("85 a second SIGTERM ends the process at once", async () => {
  serin = await start("{ delayMs: 0, timeoutMs: 60000 }");
  const never = new RawClient(serin.port);
  never.send("GET /never HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await never.until(() => never.received.includes("and then"));
  const exited = once(serin.child, "exit");
  serin.child.kill("SIGTERM");
  await serin.waitForLog(({ msg }) => msg === "draining");
  // The same signal within a moment is taken for the same wish.
  const again = setInterval(() => serin.child.kill("SIGTERM"), 300);
  const [code] = await exited;
  clearInterval(again);
  expect(code).toBe(130);
  never.socket.destroy();
});
