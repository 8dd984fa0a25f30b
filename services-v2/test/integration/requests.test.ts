import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Account, type Answer, type RunningService, startService } from "./start-service.ts";

let service: RunningService;
let author: Account;
beforeAll(async () => {
  service = await startService();
  author = await service.signIn("author");
});
afterAll(() => service.stop());

const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  service.ask("POST", "/api/v1/posts", { token: author.token, body, headers });

/** What a raw request gets, for what fetch will not send. */
async function sendRaw(text: string): Promise<string> {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
  await once(socket, "close");
  return answer;
}

describe("paths", () => {
  it.each([
    ["GET", "/api/v1/nothing"],
    ["PATCH", "/api/v1/posts"],
    ["GET", `/api/v1/posts/${"x".repeat(101)}`],
    ["GET", "/api/v1/Posts"],
    ["GET", "/nothing"],
    ["GET", "/api/v1/posts/%zz"],
    ["GET", "/api/v1/%"],
    ["POST", "/api/v1/tags"],
    ["OPTIONS", "/api/v1/posts"],
  ])("%s %s is not there", async (method, path) => {
    const answer = await service.ask(method, path);
    expect(answer.status).toBe(404);
    expect(answer.text).toBe('{"success":false,"data":null,"message":null,"error":"Route not found"}');
  });

  it("with an empty id name a thing that is not there", async () => {
    expect((await service.ask("GET", "/api/v1/posts/")).at("error")).toBe("Post not found");
  });

  it("are checked before credentials, and bodies after them", async () => {
    expect((await service.ask("POST", "/api/v1/nothing", { body: "x" })).status).toBe(404);
    expect((await service.ask("POST", "/api/v1/posts", { body: "not json" })).status).toBe(401);
    const reader = await service.signIn();
    expect((await service.ask("POST", "/api/v1/posts", { token: reader.token, body: "x" })).status).toBe(403);
  });

  it("answer HEAD like GET, without the body", async () => {
    const [get, head] = await Promise.all([
      service.ask("GET", "/api/v1/tags"),
      service.ask("HEAD", "/api/v1/tags"),
    ]);
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(get.text)));
  });

  it("in API v2 that are not there say so in API v2's words", async () => {
    const answer = await service.ask("GET", "/api/v2/nothing", { headers: { "x-request-id": "req-1" } });
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({
      errors: [{ field: null, code: "no_route" }],
      request_id: "req-1",
      status: 404,
    });
  });
});

describe("bodies", () => {
  it.each([
    ["nothing", "", {}, 400, "Request body must be a JSON object"],
    ["no JSON", "{", {}, 400, "Request body must be valid JSON"],
    ["an array", "[]", {}, 400, "Request body must be a JSON object"],
    ["null", "null", {}, 400, "Request body must be a JSON object"],
    [
      "a form",
      "a=1",
      { "content-type": "application/x-www-form-urlencoded" },
      415,
      "Content-Type must be application/json",
    ],
    ["text", "{}", { "content-type": "text/plain" }, 415, "Content-Type must be application/json"],
    [
      "JSON of another kind",
      "{}",
      { "content-type": "application/json-patch+json" },
      415,
      "Content-Type must be application/json",
    ],
    [
      "an empty object",
      "{}",
      { "content-type": "Application/JSON ; charset=latin1" },
      422,
      "Validation failed",
    ],
    ["a byte order mark", "\uFEFF{}", {}, 422, "Validation failed"],
    ["a __proto__", '{"__proto__":{"title":"t"},"content":"c"}', {}, 422, "Validation failed"],
  ])("of %s", async (_name, body, headers, status, error) => {
    const answer = await post(body, headers);
    expect([answer.status, answer.at("error")]).toEqual([status, error]);
  });

  it("that are no UTF-8 are no JSON", async () => {
    const answer = await post(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
    expect(answer.at("error")).toBe("Request body must be valid JSON");
  });

  it("may have one mebibyte and no byte more", async () => {
    const fill = (size: number): string => {
      const frame = '{"title":"t","content":""}';
      return `{"title":"t","content":"${"c".repeat(size - frame.length)}"}`;
    };
    expect((await post(fill(1_048_576))).status).toBe(201);
    const large = await post(fill(1_048_577));
    expect([large.status, large.at("error")]).toEqual([413, "Request body is larger than 1 MiB"]);
    const v2 = await service.ask("POST", "/api/v2/posts", { token: author.token, body: fill(1_048_577) });
    expect([v2.status, v2.at("errors", 0, "code")]).toEqual([413, "too_large"]);
  });

  it("on routes that read none are checked and then ignored", async () => {
    const { token } = await service.signIn();
    const logout = (body: string): Promise<Answer> =>
      service.ask("POST", "/api/v1/auth/logout", { token, body });
    expect((await logout("{")).status).toBe(400);
    expect((await logout("[]")).status).toBe(200);
  });

  it("without a content type are refused", async () => {
    const answer = await sendRaw(
      `POST /api/v1/posts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${author.token}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    expect(answer).toContain("HTTP/1.1 415");
    expect(answer).toContain("Content-Type must be application/json");
  });

  it("mend half surrogate pairs and refuse NUL", async () => {
    const mended = await post('{"title":"a\\ud800","content":"c"}');
    expect(mended.at("data", "title")).toBe("a\uFFFD");
    const nul = await post('{"title":"a\\u0000","content":"c"}');
    expect(nul.at("validation_errors")).toEqual([
      { field: "title", message: "must not contain the NUL character" },
    ]);
  });
});

describe("the description of the API", () => {
  it("is OpenAPI 3.1 and has every path that is served", async () => {
    const document = await service.ask("GET", "/openapi.json");
    expect(document.textAt("openapi")).toMatch(/^3\.1\./u);
    const paths = Object.keys(Object(document.at("paths")));
    expect(paths.filter((path) => path.startsWith("/api/v1/"))).toHaveLength(18);
    for (const path of paths.filter((each) => each.startsWith("/api/"))) {
      const operations = Object.keys(Object(document.at("paths", path)));
      for (const method of operations) {
        const answer = await service.ask(method.toUpperCase(), path.replace(/\{\w+\}/gu, "nothing"));
        const missing = path.startsWith("/api/v1/") ? "Route not found" : "no_route";
        const reason = answer.at("error") ?? answer.at("errors", 0, "code");
        expect([method, path, reason]).not.toContain(missing);
      }
    }
  });
});

describe("the limit on attempts", () => {
  it("counts per address and route, refused attempts too, and says when to come back", async () => {
    const limited = await startService({ RATE_LIMIT_LOGIN: "3", RATE_LIMIT_WINDOW_SECONDS: "3600" });
    try {
      const attempt = (address: string, path = "/api/v1/auth/login"): Promise<Answer> =>
        limited.ask("POST", path, { body: {}, headers: { "x-forwarded-for": address } });
      const statuses: number[] = [];
      for (let round = 0; round < 4; round += 1) statuses.push((await attempt("203.0.113.7")).status);
      expect(statuses).toEqual([422, 422, 422, 429]);
      const refused = await attempt("203.0.113.7", "/api/v2/auth/login");
      expect([refused.status, refused.at("errors", 0, "code")]).toEqual([429, "too_many"]);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect((await attempt("203.0.113.8")).status).toBe(422);
      expect((await attempt("203.0.113.7", "/api/v1/auth/register")).status).toBe(422);
      // The other process counts in the same row.
      await limited.sql.query("UPDATE rate_limits SET hits = 100 WHERE key = 'login:203.0.113.8'");
      const other = await attempt("203.0.113.8");
      expect([other.status, other.at("error")]).toEqual([429, "Too many requests, please try again later"]);
    } finally {
      await limited.stop();
    }
  });
});
