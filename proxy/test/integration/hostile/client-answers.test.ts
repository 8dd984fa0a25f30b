import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HostileStage } from "../../process/hostile-stage.ts";

let stage: HostileStage;

beforeAll(async () => {
  stage = await HostileStage.start();
});

afterEach(async () => {
  await stage.expectUnharmed();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const BAD_PATH = "GET /../x HTTP/1.1\r\nHost: a.test\r\n";

test("a refusal is small JSON with the request's id, which the log has as well, and nothing internal", async () => {
  const response = await stage.expectKeptOut(`${BAD_PATH}\r\n`, 400);
  const id = response.headers.get("x-request-id") ?? "";
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(JSON.parse(response.body)).toEqual({
    error: { code: "bad_target", message: "The request target is not valid.", request_id: id },
  });
  const line = await stage.serin.waitForLog((candidate) => candidate["id"] === id);
  expect(line).toMatchObject({ status: 400, failure: "bad_target", client: "127.0.0.1" });
});

test("a refusal is one line of text for a client that prefers it", async () => {
  const response = await stage.expectKeptOut(`${BAD_PATH}Accept: text/plain\r\n\r\n`, 400);
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  const id = response.headers.get("x-request-id") ?? "";
  expect(response.body).toBe(`The request target is not valid. (bad_target, request ${id})\n`);
});

test("what Node's parser refuses is answered alike, with an id that the log has", async () => {
  const response = await stage.expectKeptOut("GET / HTTP/1.1\r\nX A: b\r\n\r\n", 400);
  const id = response.headers.get("x-request-id") ?? "";
  expect(JSON.parse(response.body)).toMatchObject({ error: { code: "bad_request", request_id: id } });
  expect(Date.parse(response.headers.get("date") ?? "")).not.toBeNaN();
  await stage.serin.waitForLog((candidate) => candidate["id"] === id);
});

test("refusals are counted by their status, apart from the versions' requests", async () => {
  const labels = ['version="none"', 'code="4xx"', 'reason="rejected"'];
  const before = await stage.serin.sumMetric("serin_requests_total", ...labels);
  await stage.expectKeptOut(`${BAD_PATH}\r\n`, 400);
  await stage.expectKeptOut("GET / HTTP/1.1\r\nX A: b\r\n\r\n", 400);
  expect(await stage.serin.sumMetric("serin_requests_total", ...labels)).toBe(before + 2);
});

test("a refused HEAD request gets the header without the body", async () => {
  using client = stage.connect();
  client.send("HEAD /../x HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await client.untilClosed();
  const [response] = client.responses(["HEAD"]);
  expect(response?.status).toBe(400);
  expect(client.received).toMatch(/\r\n\r\n$/);
});
