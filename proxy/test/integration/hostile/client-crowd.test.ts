import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HostileStage } from "../../process/hostile-stage.ts";
import type { RawClient } from "../../process/raw-client.ts";

const BOUND = 300;
/** Connections beyond the bound that are still told so. */
const EXCESS = 64;

let stage: HostileStage;
/** The same, with a bound for each client address. */
let perClient: HostileStage;

beforeAll(async () => {
  [stage, perClient] = await Promise.all([
    HostileStage.start(`limits:\n  maxConnections: ${BOUND}\n  headersTimeoutMs: 60000\n`),
    HostileStage.start("limits:\n  maxConnectionsPerClient: 2\n"),
  ]);
});

afterEach(async () => {
  await stage.expectUnharmed();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await perClient?.[Symbol.asyncDispose]();
});

const GET = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

async function open(count: number): Promise<RawClient[]> {
  const clients = Array.from({ length: count }, () => stage.connect());
  await Promise.all(clients.map((client) => client.untilConnected()));
  return clients;
}

async function close(clients: readonly RawClient[]): Promise<void> {
  for (const client of clients) client[Symbol.dispose]();
  await expect.poll(() => stage.serin.metric("serin_connections"), { timeout: 5_000 }).toBe(0);
}

test("81 of 10,000 idle connections only the bound is kept, admin still answers, and so does Serin afterwards", async () => {
  const clients: RawClient[] = [];
  try {
    while (clients.length < 10_000) clients.push(...(await open(250)));
    expect((await fetch(`${stage.serin.adminUrl}/healthz`)).status).toBe(200);
    expect(await stage.serin.metric("serin_connections")).toBeLessThanOrEqual(BOUND + EXCESS);
    await expect
      .poll(() => stage.serin.metric("serin_connections_dropped_total"), { timeout: 10_000 })
      .toBe(10_000 - BOUND);
    await expect.poll(() => stage.serin.metric("serin_connections"), { timeout: 5_000 }).toBe(BOUND);
    // Those within the bound are served all the while.
    const [first] = clients;
    first?.send(GET);
    expect((await first?.untilResponses(1))?.[0]?.status).toBe(200);
  } finally {
    await close(clients);
  }
  const { response } = await stage.pass(GET);
  expect(response.status).toBe(200);
}, 40_000);

test("81 a client over the bound is told 503 with Retry-After", async () => {
  const idle = await open(BOUND);
  try {
    await expect.poll(() => stage.serin.metric("serin_connections")).toBe(BOUND);
    const response = await stage.expectKeptOut(GET, 503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(JSON.parse(response.body)).toMatchObject({ error: { code: "overloaded" } });
  } finally {
    await close(idle);
  }
});

test("81 one client address cannot take more than its share", async () => {
  using first = perClient.connect();
  using second = perClient.connect();
  for (const client of [first, second]) {
    client.send(GET);
    expect((await client.untilResponses(1))[0]?.status).toBe(200);
  }
  await perClient.expectKeptOut(GET, 503);
  first.socket.end();
  await first.untilClosed();
  await expect.poll(() => perClient.serin.metric("serin_connections")).toBe(1);
  const { response } = await perClient.pass(GET);
  expect(response.status).toBe(200);
  await perClient.expectUnharmed();
});
