import { writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream } from "../../process/test-upstream.ts";

/** A version whose health and answers can be turned off. */
class Version implements AsyncDisposable {
  readonly upstream: TestUpstream;
  mode: "fine" | "reset" | "503" = "fine";

  private constructor(upstream: TestUpstream) {
    this.upstream = upstream;
  }

  static async start(name: string): Promise<Version> {
    const upstream = await TestUpstream.start(name, (request, response) =>
      version.#answer(name, request, response),
    );
    const version = new Version(upstream);
    return version;
  }

  #answer(name: string, request: IncomingMessage, response: ServerResponse): void {
    if (this.mode === "reset") request.socket.resetAndDestroy();
    else response.writeHead(this.mode === "503" ? 503 : 200).end(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]();
  }
}

let v1: Version;
let v2: Version;
let serin: SerinProcess;

beforeAll(async () => {
  v1 = await Version.start("v1");
  v2 = await Version.start("v2");
  serin = await SerinProcess.start(config());
});

beforeEach(async () => {
  for (const version of [v1, v2]) {
    version.mode = "fine";
    version.upstream.healthy = true;
  }
  await reload(config());
  await untilHealthy({ v1: true, v2: true });
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await v1?.[Symbol.asyncDispose]();
  await v2?.[Symbol.asyncDispose]();
});

function config(
  more: { readonly fallback?: string; readonly slowStartMs?: number; readonly intervalMs?: number } = {},
): string {
  const { fallback = "none", slowStartMs = 0, intervalMs = 100 } = more;
  const health = `{ intervalMs: ${intervalMs}, timeoutMs: 500, unhealthyAfter: 2, healthyAfter: 2, slowStartMs: ${slowStartMs} }`;
  return `workers: 1
split: { percentage: 50, issueCookie: false }
routes: [{ name: pinned, prefix: /pinned, pin: v2 }]
upstreams:
  v1: { url: "${v1.upstream.url}", fallback: ${fallback}, health: ${health} }
  v2: { url: "${v2.upstream.url}", health: ${health} }
`;
}

async function reload(text: string): Promise<void> {
  await writeFile(serin.configPath, text);
  const response = await fetch(`${serin.adminUrl}/reload`, { method: "POST" });
  expect(response.ok).toBe(true);
}

async function untilHealthy(wanted: { readonly v1: boolean; readonly v2: boolean }): Promise<void> {
  await expect.poll(async () => (await serin.status())["healthy"], { timeout: 5_000 }).toEqual(wanted);
}

let users = 0;

/** A user whom the split gives to that version and who has never failed: a failure keeps a user away from v2. */
async function freshUser(version: "v1" | "v2"): Promise<string> {
  for (;;) {
    users += 1;
    const user = `fresh-${users}`;
    const explained: unknown = await (await fetch(`${serin.adminUrl}/explain?identity=${user}`)).json();
    if (JSON.stringify(explained).includes(`"version":"${version}"`)) return user;
  }
}

interface Asked {
  readonly status: number;
  readonly version: string | null;
  readonly retryAfter: string | null;
  readonly body: string;
}

async function ask(user: string, path = "/", init: RequestInit = {}): Promise<Asked> {
  const response = await fetch(`${serin.url}${path}`, { ...init, headers: { "x-user-id": user } });
  return {
    status: response.status,
    version: response.headers.get("x-canary-version"),
    retryAfter: response.headers.get("retry-after"),
    body: await response.text(),
  };
}

test("an unhealthy v2 takes no split traffic, while what is pinned to it still goes there", async () => {
  v2.upstream.healthy = false;
  await untilHealthy({ v1: true, v2: false });
  const before = v2.upstream.requests;
  const unhealthy = await serin.sumMetric("serin_requests_total", 'reason="unhealthy"');
  for (let i = 0; i < 10; i += 1)
    expect(await ask(await freshUser("v2"))).toMatchObject({ status: 200, version: "v1" });
  expect(v2.upstream.requests).toBe(before);
  await expect.poll(() => serin.sumMetric("serin_requests_total", 'reason="unhealthy"')).toBe(unhealthy + 10);
  expect(await ask(await freshUser("v2"), "/pinned")).toMatchObject({ status: 200, version: "v2" });
});

test("requests that fail in a row make v2 unhealthy at once, whatever its checks say", async () => {
  await reload(config({ intervalMs: 600_000 }));
  v2.mode = "reset";
  const failures = await serin.sumMetric("serin_upstream_failures_total", 'version="v2"');
  const rescues = await serin.sumMetric("serin_rescues_total");
  for (let i = 0; i < 5; i += 1)
    expect(await ask(await freshUser("v2"))).toMatchObject({ status: 200, version: "v1" });
  await untilHealthy({ v1: true, v2: false });
  // Two failures were rescued, and they are v2's; after that nothing was sent there.
  expect(await serin.sumMetric("serin_rescues_total")).toBe(rescues + 2);
  expect(await serin.sumMetric("serin_upstream_failures_total", 'version="v2"')).toBe(failures + 2);
});

test("a gateway error of v2 is rescued and counted as v2's failure, an unsafe request is not rescued", async () => {
  v2.mode = "503";
  const failures = await serin.sumMetric(
    "serin_upstream_failures_total",
    'version="v2"',
    'kind="status_5xx"',
  );
  expect(await ask(await freshUser("v2"))).toMatchObject({ status: 200, version: "v1", body: "v1" });
  expect(await ask(await freshUser("v2"), "/", { method: "POST", body: "x" })).toMatchObject({
    status: 503,
    version: "v2",
  });
  expect(await ask(await freshUser("v2"), "/pinned")).toMatchObject({ status: 503, version: "v2" });
  expect(await serin.sumMetric("serin_upstream_failures_total", 'version="v2"', 'kind="status_5xx"')).toBe(
    failures + 3,
  );
  expect(await serin.sumMetric("serin_requests_total", 'version="v1"', 'reason="rescue"')).toBeGreaterThan(0);
});

test("a v2 that recovers gets its users back little by little", async () => {
  const slowStartMs = 2_000;
  await reload(config({ slowStartMs }));
  v2.upstream.healthy = false;
  await untilHealthy({ v1: true, v2: false });
  v2.upstream.healthy = true;
  await untilHealthy({ v1: true, v2: true });
  const crowd = Array.from({ length: 200 }, (_, i) => `crowd-${i}`);
  const shares: number[] = [];
  const returned = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const answers = await Promise.all(crowd.map(async (user) => ({ user, ...(await ask(user)) })));
    const onV2 = answers.filter(({ version }) => version === "v2").map(({ user }) => user);
    // Who is back stays.
    for (const user of returned) expect(onV2).toContain(user);
    for (const user of onV2) returned.add(user);
    shares.push(onV2.length);
    const pause = Promise.withResolvers<void>();
    setTimeout(pause.resolve, slowStartMs / 3);
    await pause.promise;
  }
  const [first = 0, , , last = 0] = shares;
  expect(last).toBeGreaterThan(70);
  expect(first).toBeLessThan(last / 2);
});

test("an unhealthy v1 diverts nobody to v2 unless upstreams.v1.fallback says so", async () => {
  v1.upstream.healthy = false;
  await untilHealthy({ v1: false, v2: true });
  expect(await ask(await freshUser("v1"))).toMatchObject({ status: 200, version: "v1" });
  await reload(config({ fallback: "v2" }));
  expect(await ask(await freshUser("v1"))).toMatchObject({ status: 200, version: "v2" });
  v1.upstream.healthy = true;
  await untilHealthy({ v1: true, v2: true });
  expect(await ask(await freshUser("v1"))).toMatchObject({ status: 200, version: "v1" });
});

test("90 with both versions down the answer is 503 with Retry-After, and it ends with the outage", async () => {
  v1.mode = "reset";
  v2.mode = "reset";
  v1.upstream.healthy = false;
  v2.upstream.healthy = false;
  await untilHealthy({ v1: false, v2: false });
  for (const user of [await freshUser("v1"), await freshUser("v2")]) {
    const { status, retryAfter, body } = await ask(user);
    expect(status).toBe(503);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(body).toContain('"code":"unavailable"');
  }
  for (const version of [v1, v2]) {
    version.mode = "fine";
    version.upstream.healthy = true;
  }
  await untilHealthy({ v1: true, v2: true });
  expect(await ask(await freshUser("v2"))).toMatchObject({ status: 200, version: "v2" });
});

test("87 with the versions' database down their errors pass, nothing is aborted and nobody is stranded", async () => {
  v1.mode = "503";
  v2.mode = "503";
  v1.upstream.healthy = false;
  v2.upstream.healthy = false;
  await untilHealthy({ v1: false, v2: false });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(`user-${i}`)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(await serin.status()).toMatchObject({ aborted: false, percentage: 50 });
  for (const version of [v1, v2]) {
    version.mode = "fine";
    version.upstream.healthy = true;
  }
  await untilHealthy({ v1: true, v2: true });
  expect(await ask(await freshUser("v2"))).toMatchObject({ status: 200, version: "v2" });
});

test("a v2 that dies under load at 50 % costs no client an error", async () => {
  await reload(config({ slowStartMs: 2_000, intervalMs: 300 }));
  const seen = new Map<string, number>();
  const enough = new AbortController();
  let asked = 0;
  const client = async (first: number): Promise<void> => {
    for (let i = first; !enough.signal.aborted; i += 20) {
      const { status, version } = await ask(`user-${i}`);
      asked += 1;
      const key = `${status} ${version}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  };
  const clients = Array.from({ length: 20 }, (_, i) => client(i));
  await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(600);
  // It dies with requests in flight, and is gone for new connections as well.
  const { port } = v2.upstream;
  v2.upstream.server.closeAllConnections();
  v2.upstream.server.close();
  const died = asked;
  await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(died + 1_200);
  enough.abort();
  await Promise.all(clients);
  expect([...seen.keys()].toSorted()).toEqual(["200 v1", "200 v2"]);
  expect(await serin.sumMetric("serin_rescues_total")).toBeGreaterThan(0);
  await new Promise<void>((resolve) => {
    v2.upstream.server.listen(port, "127.0.0.1", resolve);
  });
});
