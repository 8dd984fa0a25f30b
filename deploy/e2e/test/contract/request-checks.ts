import { expect } from "vitest";
import { idOf, unique, writePost } from "./scene.ts";
import type { Check } from "./scene.ts";

const missing = "00000000-0000-4000-8000-000000000000";
const mebibyte = 1_048_576;

const unknownRoutes: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/api/v1"],
  ["GET", "/api/v1/"],
  ["GET", "/api/v1/nothing"],
  ["GET", "/api/v1/posts/a/b/c"],
  ["GET", "/api/v1/Posts"],
  ["GET", "/api/v1/tags/"],
  ["GET", "/api/v1/users/me/posts"],
  ["GET", "/api/v1/auth/register"],
  ["GET", "/api/v1/auth/login"],
  ["PUT", "/api/v1/auth/login"],
  ["PATCH", `/api/v1/posts/${missing}`],
  ["POST", `/api/v1/posts/${missing}`],
  ["DELETE", "/api/v1/posts"],
  ["POST", "/api/v1/tags"],
  ["POST", "/api/v1/search"],
  ["OPTIONS", "/api/v1/posts"],
  ["DELETE", "/api/v1/auth/logout"],
  ["GET", `/api/v1/posts/${"x".repeat(101)}`],
  ["GET", `/api/v1/admin/posts/${missing}`],
];

const unknownRoute: readonly Check[] = unknownRoutes.map(([method, path]) => ({
  name: `${method} ${path.length > 60 ? "/api/v1/posts/ and 101 characters" : path} is not a route`,
  run: async ({ send }) => {
    const answer = await send(method, path);
    expect([answer.status, answer.error]).toEqual([404, "Route not found"]);
  },
}));

const badIds = ["x", "1", "%20", `${missing}0`, missing.replace("0", "g"), `{${missing}}`, ""];

const badId: readonly Check[] = badIds.map((id) => ({
  name: `GET /posts/${id} finds no post, whatever that id is`,
  run: async ({ send }) => {
    const answer = await send("GET", `/api/v1/posts/${id}`);
    expect([answer.status, answer.error]).toEqual([404, "Post not found"]);
  },
}));

const notJson = ["{", "not json", '{"title":}', "{'title':1}", '{"title":"a"} x', "[1,", "NaN", " "];
const notObjects = ["[]", "null", '"text"', "7", "true"];

const badBody: readonly Check[] = [
  ...notJson.map((raw) => ({ raw, error: "Request body must be valid JSON" })),
  ...notObjects.map((raw) => ({ raw, error: "Request body must be a JSON object" })),
].map(({ raw, error }) => ({
  name: `the body ${raw} is refused with 400: ${error.toLowerCase()}`,
  run: async ({ send, accounts }) => {
    const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, raw });
    expect([answer.status, answer.error]).toEqual([400, error]);
  },
}));

const contentTypes: readonly (readonly [type: string, status: number])[] = [
  ["application/json", 422],
  ["application/json; charset=utf-8", 422],
  ["APPLICATION/JSON", 422],
  ["application/json;x=y", 422],
  ["text/plain", 415],
  ["application/x-www-form-urlencoded", 415],
  ["application/jsonp", 415],
  ["application/merge-patch+json", 415],
];

const contentType: readonly Check[] = contentTypes.map(([type, status]) => ({
  name: `a body of type ${type} ${status === 415 ? "is refused with 415" : "is read"}`,
  run: async ({ send, accounts }) => {
    const { token } = accounts.author;
    const answer = await send("POST", "/api/v1/posts", {
      token,
      raw: "{}",
      headers: { "content-type": type },
    });
    expect(answer.status).toBe(status);
    if (status === 415) expect(answer.error).toBe("Content-Type must be application/json");
  },
}));

const order: readonly Check[] = [
  {
    name: "an unknown route is unknown before credentials and body are looked at",
    run: async ({ send }) => {
      const answer = await send("POST", "/api/v1/nothing", { token: "bad", raw: "{" });
      expect(answer.status).toBe(404);
    },
  },
  {
    name: "credentials are checked before the body",
    run: async ({ send }) => {
      const answer = await send("POST", "/api/v1/posts", { raw: "{" });
      expect([answer.status, answer.error]).toEqual([401, "Authentication required"]);
    },
  },
  {
    name: "the role is checked before the body",
    run: async ({ send, accounts }) => {
      const answer = await send("POST", "/api/v1/posts", { token: accounts.subscriber.token, raw: "{" });
      expect([answer.status, answer.error]).toEqual([403, "Insufficient permissions"]);
    },
  },
  {
    name: "the body is checked before the resource",
    run: async ({ send, accounts }) => {
      const { token } = accounts.editor;
      const answer = await send("PUT", `/api/v1/posts/${missing}`, { token, raw: "{" });
      expect(answer.status).toBe(400);
    },
  },
  {
    name: "the resource is checked before the fields",
    run: async ({ send, accounts }) => {
      const { token } = accounts.editor;
      const answer = await send("PUT", `/api/v1/posts/${missing}`, { token, json: { title: "" } });
      expect([answer.status, answer.error]).toEqual([404, "Post not found"]);
    },
  },
  {
    name: "permission is checked before the fields",
    run: async ({ send, accounts, published }) => {
      const { token } = accounts.contributor;
      const answer = await send("PUT", `/api/v1/posts/${published}`, { token, json: { title: "" } });
      expect(answer.status).toBe(403);
    },
  },
  {
    name: "fields are checked before uniqueness",
    run: async (scene) => {
      const slug = unique();
      await writePost(scene, { slug });
      const { token } = scene.accounts.author;
      const answer = await scene.send("POST", "/api/v1/posts", { token, json: { slug, title: "" } });
      expect(answer.status).toBe(422);
    },
  },
];

const bodies: readonly Check[] = [
  {
    name: "an absent body is refused where one is needed",
    run: async ({ send, accounts }) => {
      const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token });
      expect([answer.status, answer.error]).toEqual([400, "Request body must be a JSON object"]);
    },
  },
  {
    name: "a body of one mebibyte is read",
    run: async (scene) => {
      const around = JSON.stringify({ title: "Large", content: "" }).length;
      const content = "x".repeat(mebibyte - around);
      const answer = await writePost(scene, { title: "Large", content });
      expect(String(answer.at("data", "content")).length).toBe(content.length);
      await scene.send("DELETE", `/api/v1/posts/${idOf(answer)}`, { token: scene.accounts.author.token });
    },
  },
  {
    name: "a body of one byte more is refused with 413",
    run: async ({ send, accounts }) => {
      const raw = `{"title":"${"x".repeat(mebibyte - 11)}"}`;
      const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, raw });
      expect([answer.status, answer.error]).toEqual([413, "Request body is larger than 1 MiB"]);
    },
  },
  {
    name: "a byte order mark before the JSON is no matter",
    run: async ({ send, accounts }) => {
      const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, raw: "\uFEFF{}" });
      expect(answer.status).toBe(422);
    },
  },
  {
    name: "bytes that are not UTF-8 are not JSON",
    run: async ({ send, accounts }) => {
      const raw = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
      const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, raw });
      expect(answer.status).toBe(400);
    },
  },
  {
    name: "of repeated keys the last counts, and __proto__ is just an unknown field",
    run: async ({ send, accounts }) => {
      const raw = '{"title":"first","title":"second","content":"c","__proto__":{"status":"published"}}';
      const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, raw });
      expect([answer.at("data", "title"), answer.at("data", "status")]).toEqual(["second", "draft"]);
    },
  },
  {
    name: "half surrogate pairs become U+FFFD",
    run: async ({ send, accounts }) => {
      const raw = String.raw`{"title":"a\ud800b","content":"c"}`;
      const answer = await send("POST", "/api/v1/posts", { token: accounts.author.token, raw });
      expect(answer.at("data", "title")).toBe("a\uFFFDb");
    },
  },
  {
    name: "a body that is not JSON is refused also on routes that read none",
    run: async ({ send, accounts, published }) => {
      const { token } = accounts.contributor;
      const answer = await send("DELETE", `/api/v1/posts/${published}`, { token, raw: "{" });
      expect(answer.status).toBe(400);
    },
  },
  {
    name: "HEAD answers like GET, without a body",
    run: async ({ send, published }) => {
      for (const path of ["/api/v1/tags", "/api/v1/posts", `/api/v1/posts/${published}`]) {
        expect((await send("HEAD", path)).status).toBe(200);
      }
      expect((await send("HEAD", `/api/v1/posts/${missing}`)).status).toBe(404);
    },
  },
  {
    name: "If-None-Match changes nothing, as API v1 has no entity tags",
    run: async ({ send }) => {
      expect((await send("GET", "/api/v1/tags", { headers: { "if-none-match": "*" } })).status).toBe(200);
    },
  },
];

/** Paths, methods, bodies, and the order in which everything is checked. */
export const requestChecks = [...unknownRoute, ...badId, ...badBody, ...contentType, ...order, ...bodies];
