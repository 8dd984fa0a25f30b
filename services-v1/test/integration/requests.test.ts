import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrateDatabase } from "../../../deploy/database/src/migrate-database.ts";
import { createTestDatabase, type TestDatabase } from "../../../deploy/local/test/database.ts";
import { ApiClient, documentedOperations } from "../api-client.ts";
import { type RunningService, startService } from "../start-service.ts";
import { type Actor, createActor } from "../users.ts";

let database: TestDatabase;
let service: RunningService;
let api: ApiClient;
let author: Actor;
let subscriber: Actor;

beforeAll(async () => {
  database = await createTestDatabase(migrateDatabase);
  service = await startService(database.url);
  api = new ApiClient(service.url);
  author = await createActor(api, database.url, "writer", "author");
  subscriber = await createActor(api, database.url, "reader", "subscriber");
});

afterAll(async () => {
  await service.stop();
  await database.drop();
});

/** A request as written, without a client's tidying of the path. */
function sendRaw(method: string, path: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url);
    const outgoing = request({ hostname, port, method, path }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

describe("an unknown route", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/api/v1"],
    ["GET", "/api/v1/nothing"],
    ["GET", "/api/v1/tags/"],
    ["GET", "/api/v1/Tags"],
    ["PATCH", "/api/v1/posts"],
    ["DELETE", "/api/v1/posts"],
    ["GET", "/api/v1/posts/%zz"],
    ["GET", `/api/v1/posts/${"x".repeat(101)}`],
    ["GET", "/api/v2/posts"],
    ["OPTIONS", "/api/v1/posts"],
  ])("%s %s is a 404 with the envelope", async (method, path) => {
    expect(await sendRaw(method, path)).toEqual({
      status: 404,
      text: '{"success":false,"data":null,"message":null,"error":"Route not found"}',
    });
  });

  test("is unknown before its body or credentials are looked at", async () => {
    const answer = await api.post("/nothing", { raw: "{", headers: { authorization: "Bearer x" } });
    expect(answer.error).toBe("Route not found");
  });
});

test.each(["x", "%00", "00000000-0000-4000-8000-00000000000g", "{00000000-0000-4000-8000-000000000000}", ""])(
  "the id '%s' names no post",
  async (id) => {
    const answer = await api.get(`/posts/${id}`);
    expect([answer.status, answer.error]).toEqual([404, "Post not found"]);
  },
);

describe("a body", () => {
  const send = (raw: string | Buffer, headers: Record<string, string> = {}) =>
    api.post("/posts", { token: author.token, raw, headers });

  test.each([
    ["", 400, "Request body must be a JSON object"],
    ["null", 400, "Request body must be a JSON object"],
    ["[]", 400, "Request body must be a JSON object"],
    ['"text"', 400, "Request body must be a JSON object"],
    ["{", 400, "Request body must be valid JSON"],
    ["{'a':1}", 400, "Request body must be valid JSON"],
    ['{"title":NaN}', 400, "Request body must be valid JSON"],
    ['{"title":1e999,"content":"c"}', 422, "Validation failed"],
    ['{"title":{"toString":"x"},"content":["c"]}', 422, "Validation failed"],
  ])("%s is answered with %d", async (raw, status, error) => {
    const answer = await send(raw);
    expect([answer.status, answer.error]).toEqual([status, error]);
  });

  test("that is not UTF-8 is not JSON, and a byte order mark is no matter", async () => {
    expect((await send(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).error).toBe(
      "Request body must be valid JSON",
    );
    expect((await send('\u{feff}{"title":"BOM","content":"c"}')).status).toBe(201);
  });

  test("may name its prototype and repeat its keys", async () => {
    const answer = await send(
      '{"__proto__":{"title":"p"},"title":"first","title":"last","content":"c","constructor":1}',
    );
    expect([answer.status, answer.data.title]).toEqual([201, "last"]);
  });

  test("has lone surrogates replaced", async () => {
    const answer = await send(String.raw`{"title":"a\ud800b","content":"c"}`);
    expect(answer.data.title).toBe("a\u{fffd}b");
  });

  test("must be JSON by its content type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "nonsense"]) {
      const answer = await send("{}", { "content-type": type });
      expect([type, answer.status, answer.error]).toEqual([
        type,
        415,
        "Content-Type must be application/json",
      ]);
    }
    expect((await send("{}", { "content-type": "Application/JSON; charset=utf-8" })).status).toBe(422);
    expect((await send("", { "content-type": "text/plain" })).error).toBe(
      "Request body must be a JSON object",
    );
  });

  test("of one mebibyte is read and one byte more is not", async () => {
    const frame = '{"title":"big","content":""}';
    const fits = frame.replace('""', `"${"x".repeat(1_048_576 - frame.length)}"`);
    expect((await send(fits)).status).toBe(201);
    const over = await send(`${fits} `);
    expect([over.status, over.error]).toEqual([413, "Request body is larger than 1 MiB"]);
  });
});

test("checks come in the order of the contract", async () => {
  const bad = { raw: "{" };
  expect((await api.post("/posts", bad)).status).toBe(401);
  expect((await api.post("/posts", { ...bad, token: subscriber.token })).status).toBe(403);
  expect((await api.post("/posts", { ...bad, token: author.token })).status).toBe(400);
  expect((await api.put("/posts/x", { ...bad, token: author.token })).status).toBe(400);
  expect((await api.put("/posts/x", { body: { title: 1 }, token: author.token })).status).toBe(404);
  const { data } = await api.post("/posts", { token: author.token, body: { title: "t", content: "c" } });
  expect((await api.put(`/posts/${data.id}`, { body: { title: 1 }, token: subscriber.token })).status).toBe(
    403,
  );
  expect((await api.put(`/posts/${data.id}`, { body: { title: 1 }, token: author.token })).status).toBe(422);
});

test("bad credentials are refused also where none are needed, and ignored where none are taken", async () => {
  const headers = { authorization: "Bearer nonsense" };
  expect((await api.get("/posts", { headers })).error).toBe("Invalid or expired token");
  expect((await api.get("/posts", { headers: { "x-api-key": "nonsense" } })).error).toBe("Invalid API key");
  expect((await api.get("/tags", { headers })).status).toBe(200);
  expect((await api.get("/search?q=a", { headers })).status).toBe(200);
  const both = { authorization: `Bearer ${author.token}`, "x-api-key": "nonsense" };
  expect((await api.get("/auth/profile", { headers: both })).status).toBe(200);
});

test("the OpenAPI document that is served names every route and no other", async () => {
  const served = await (await fetch(`${service.url}/openapi.json`)).json();
  expect(served).toMatchObject({ openapi: "3.1.0" });
  for (const operation of documentedOperations) {
    const [method = "", path = ""] = operation.split(" ");
    const { text } = await sendRaw(method, path.replace("{id}", "x"));
    expect([operation, text.includes("Route not found")]).toEqual([operation, false]);
  }
  expect(documentedOperations).toHaveLength(26);
});
