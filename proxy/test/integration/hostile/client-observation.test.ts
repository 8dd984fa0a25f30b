import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HostileStage } from "../../process/hostile-stage.ts";
import { valuesOf } from "../../process/strict-parser.ts";

let stage: HostileStage;
let stdout = "";

beforeAll(async () => {
  stage = await HostileStage.start("routes:\n  - name: api\n    prefix: /api/\n");
  stage.serin.child.stdout?.on("data", (data: Buffer) => {
    stdout += data.toString("latin1");
  });
});

afterEach(async () => {
  await stage.expectUnharmed();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

async function metricsText(): Promise<string> {
  return (await fetch(`${stage.serin.adminUrl}/metrics`)).text();
}

test.each([
  ["quotes and backslashes", '"\\", "level":"error'],
  ["U+2028 and U+2029", Buffer.from("a\u2028b\u2029c").toString("latin1")],
  ["C1 control characters", "a\x9b31mb\x85c"],
  ["all bytes above 7F", Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join("")],
])("52 %s in a logged field are escaped, one ASCII line a request", async (_name, agent) => {
  const { response } = await stage.pass(`GET /a"b HTTP/1.1\r\nHost: a.test\r\nUser-Agent: ${agent}\r\n\r\n`);
  const id = response.headers.get("x-request-id") ?? "";
  const line = await stage.serin.waitForLog((candidate) => candidate["id"] === id);
  expect(line).toMatchObject({ agent, path: '/a"b', level: "info" });
  const lines = stdout.split("\n").filter((candidate) => candidate.includes(id));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
});

test("52 what is refused is logged with its code, and an escape sequence never gets into the log", async () => {
  const response = await stage.expectKeptOut("GET /../x HTTP/1.1\r\nHost: a.test\r\n\r\n", 400);
  const id = response.headers.get("x-request-id");
  const line = await stage.serin.waitForLog((candidate) => candidate["id"] === id);
  expect(line).toMatchObject({ path: "/../x", status: 400, failure: "bad_target", version: "none" });
  await stage.expectKeptOut("GET / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: \x1b[31m\r\n\r\n", 400);
  await stage.expectKeptOut("GET /\x1b[31m HTTP/1.1\r\nHost: a.test\r\n\r\n", 400);
  await stage.serin.waitForLog((candidate) => candidate["failure"] === "bad_request");
  expect(stdout).not.toContain("\x1b");
});

/** Methods that Node's parser takes; it refuses all others, and the refusals are counted. */
const METHODS = ["GET", "PUT", "PATCH", "DELETE", "PROPFIND", "SEARCH", "M-SEARCH", "PURGE"];

test("53 10,000 random paths, methods and hosts make no new metric series and leave memory flat", async () => {
  let seed = 53;
  const random = (bound: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * bound);
  };
  const word = (): string => random(2 ** 31).toString(36);
  const request = (method: string): string =>
    `${method} /${word()}/${word()} HTTP/1.1\r\nHost: ${word()}.test\r\nX-User-Id: ${word()}\r\n\r\n`;
  const ask = async (requests: number): Promise<void> => {
    using client = stage.connect();
    for (let sent = 0; sent < requests; sent += 50) {
      client.received = "";
      client.send(
        Array.from({ length: 50 }, () => request(METHODS[random(METHODS.length)] ?? "GET")).join(""),
      );
      const responses = await client.untilResponses(50);
      expect(responses.every((response) => response.status === 200)).toBe(true);
    }
    stage.upstream.take();
  };
  const memory = (): Promise<number> => stage.serin.metric("process_resident_memory_bytes");
  await ask(2_000);
  await stage.expectKeptOut(request("X"), 400);
  // Serin's own: Node's get a series with the first collection of each kind of garbage.
  const seriesOf = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("serin_"));
  const seriesBefore = seriesOf(await metricsText()).length;
  const bytesBefore = await memory();
  await ask(8_000);
  for (let i = 0; i < 100; i += 1) await stage.expectKeptOut(request(word().toUpperCase()), 400);
  const text = await metricsText();
  expect(seriesOf(text)).toHaveLength(seriesBefore);
  expect(text).not.toContain(".test");
  expect((await memory()) - bytesBefore).toBeLessThan(64 * 1_024 * 1_024);
}, 30_000);

test("54 admin and metrics are not reachable through the public port by path, Host or absolute-form", async () => {
  const admin = `127.0.0.1:${stage.serin.adminPort}`;
  for (const path of ["/metrics", "/status", "/healthz", "/readyz", "/history", "/explain?identity=a"]) {
    for (const head of [
      `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`,
      `GET ${path} HTTP/1.1\r\nHost: ${admin}\r\n\r\n`,
      `GET http://${admin}${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`,
    ]) {
      const { request, response } = await stage.pass(head);
      expect(response.body).toBe("ok");
      expect(request.target).toBe(path);
    }
  }
  const { request } = await stage.pass(
    `POST /abort HTTP/1.1\r\nHost: ${admin}\r\nContent-Length: 2\r\n\r\n{}`,
  );
  expect(valuesOf(request.headers, "host")).toEqual([admin]);
  expect(JSON.stringify(await stage.serin.status())).not.toContain('"aborted":true');
});
