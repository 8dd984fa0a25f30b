import { afterAll, beforeAll, expect, test } from "vitest";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";
import type { ToldBack } from "../../process/test-upstream.ts";

let v1: TestUpstream;
let v2: TestUpstream;
let serin: SerinProcess;

beforeAll(async () => {
  v1 = await TestUpstream.start("v1");
  v2 = await TestUpstream.start("v2");
  serin = await SerinProcess.start(configFor(v1, v2, "split:\n  percentage: 50\nworkers: 2\n"));
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  await v1?.[Symbol.asyncDispose]();
  await v2?.[Symbol.asyncDispose]();
});

async function ask(path: string, init: RequestInit = {}): Promise<{ response: Response; told: ToldBack }> {
  const response = await fetch(`${serin.url}${path}`, init);
  const told: ToldBack = JSON.parse(await response.text());
  return { response, told };
}

test("sends each identity where its hash says and names the version in the response", async () => {
  // Points 953335 and 271938 of the published vectors.
  const one = await ask("/", { headers: { "x-user-id": "user-1" } });
  const two = await ask("/", { headers: { "x-user-id": "user-42" } });
  expect(one.told.version).toBe("v1");
  expect(one.response.headers.get("x-canary-version")).toBe("v1");
  expect(two.told.version).toBe("v2");
  expect(two.response.headers.get("x-canary-version")).toBe("v2");
});

test("reads the identity from a UTF-8 header as explain reads it from the query", async () => {
  const identity = "ユーザー";
  const bytes = Buffer.from(identity, "utf8").toString("latin1");
  const { told } = await ask("/", { headers: { "x-user-id": bytes } });
  const explained = await fetch(`${serin.adminUrl}/explain?identity=${encodeURIComponent(identity)}`);
  expect(await explained.json()).toMatchObject({
    point: 702857,
    version: told.version,
    movesAtPercentage: 70.2858,
  });
});

test("reads the identity from the subject of a bearer token", async () => {
  const payload = Buffer.from(JSON.stringify({ sub: "user-42" })).toString("base64url");
  const { told } = await ask("/", { headers: { authorization: `Bearer x.${payload}.y` } });
  expect(told.version).toBe("v2");
});

test("issues a cookie to a client without identity and keeps it where it is", async () => {
  for (let round = 0; round < 8; round += 1) {
    const first = await ask("/");
    const cookie = first.response.headers.getSetCookie()[0] ?? "";
    expect(cookie).toMatch(/^serin_id=[\w-]{22}; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/);
    const again = await ask("/", { headers: { cookie: cookie.split(";")[0] ?? "" } });
    expect(again.response.headers.getSetCookie()).toEqual([]);
    expect(again.told.version).toBe(first.told.version);
  }
});

test("sends /api/v2/ to v2 whoever asks", async () => {
  const { told } = await ask("/api/v2/posts", { headers: { "x-user-id": "user-1" } });
  expect(told.version).toBe("v2");
});

test("ignores and strips a canary override from an untrusted client", async () => {
  const { told } = await ask("/", { headers: { "x-user-id": "user-1", "x-canary": "always" } });
  expect(told.version).toBe("v1");
  expect(told.headers).not.toHaveProperty("x-canary");
});

test("tells the upstream who asked, by what and through whom, whatever the client claims", async () => {
  const { told, response } = await ask("/a?b=c", {
    headers: { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https", "x-request-id": "forged" },
  });
  expect(told.url).toBe("/a?b=c");
  expect(told.headers).toMatchObject({
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": `127.0.0.1:${serin.port}`,
    host: `127.0.0.1:${serin.port}`,
    via: "1.1 serin",
  });
  expect(told.headers["x-request-id"]).not.toBe("forged");
  expect(response.headers.get("x-request-id")).toBe(told.headers["x-request-id"]);
});

test("relays bodies of known and unknown length", async () => {
  const known = await ask("/", { method: "POST", body: "x".repeat(100_000) });
  expect(known.told).toMatchObject({ method: "POST", bodyBytes: 100_000 });
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < 10; i += 1) controller.enqueue(new Uint8Array(1_000));
      controller.close();
    },
  });
  const chunked = await ask("/", { method: "PUT", body: stream, duplex: "half" });
  expect(chunked.told).toMatchObject({ method: "PUT", bodyBytes: 10_000 });
});

test("counts requests, times them and logs one line each, without query or identity", async () => {
  // The only test that asks on this route.
  const headers = { "x-user-id": "user-42", "user-agent": 'a"b' };
  const { response } = await ask("/api/v1/logged?secret=1", { headers });
  const id = response.headers.get("x-request-id");
  const line = await serin.waitForLog((candidate) => candidate["id"] === id);
  expect(line).toMatchObject({
    method: "GET",
    path: "/api/v1/logged",
    status: 200,
    version: "v2",
    reason: "hash",
    assignment: "v2",
    point: 271938,
    route: "api-v1",
  });
  expect(JSON.stringify(line)).not.toMatch(/secret|user-42/);
  const labels = ['version="v2"', 'route="api-v1"'];
  expect(await serin.sumMetric("serin_requests_total", ...labels, 'code="2xx"', 'reason="hash"')).toBe(1);
  expect(await serin.sumMetric("serin_request_duration_seconds_count", ...labels)).toBe(1);
  expect(await serin.sumMetric("serin_ttfb_seconds_count", ...labels)).toBe(1);
  expect(await serin.metric("serin_weight_ratio")).toBe(0.5);
});

test("estimates how many identities each version has", async () => {
  const asked = Array.from({ length: 400 }, (_, i) =>
    fetch(serin.url, { headers: { "x-user-id": `crowd-${i}` } }),
  );
  await Promise.all(asked.map(async (answer) => (await answer).arrayBuffer()));
  const seen =
    (await serin.metric('serin_assigned_identities{version="v1"}')) +
    (await serin.metric('serin_assigned_identities{version="v2"}'));
  expect(seen).toBeGreaterThan(380);
  expect(seen).toBeLessThan(450);
});
