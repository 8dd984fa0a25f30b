import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings.ts";

const needed = { DATABASE_URL: "postgres://localhost/cms", JWT_SECRET: "x".repeat(32) };

describe("the environment", () => {
  it("needs a database and a secret, and has defaults for the rest", () => {
    expect(parseSettings(needed)).toEqual({
      ok: true,
      settings: {
        host: "127.0.0.1",
        port: 3002,
        databaseUrl: needed.DATABASE_URL,
        jwtSecret: needed.JWT_SECRET,
        redisUrl: null,
        logLevel: "info",
        poolSize: 10,
        rateLimits: { login: 30, register: 20, windowSeconds: 60 },
      },
    });
  });

  it.each([
    [{ DATABASE_URL: "" }, "DATABASE_URL: required"],
    [{ JWT_SECRET: undefined }, "JWT_SECRET: required"],
    [{ JWT_SECRET: "x".repeat(31) }, "JWT_SECRET: expected at least 32 characters"],
    [{ PORT: "65536" }, "PORT: expected a whole number from 0 to 65535"],
    [{ PORT: "3002x" }, "PORT: expected a whole number from 0 to 65535"],
    [{ DB_POOL_MAX: "0" }, "DB_POOL_MAX: expected a whole number from 1 to 500"],
    [{ REDIS_URL: "http://x" }, "REDIS_URL: expected a URL that starts with redis:// or rediss://"],
    [
      { DATABASE_URL: "localhost" },
      "DATABASE_URL: expected a URL that starts with postgres:// or postgresql://",
    ],
  ])("with %j is refused", (change, problem) => {
    expect(parseSettings({ ...needed, ...change })).toEqual({ ok: false, problems: [problem] });
  });

  it("tells all that is wrong at once", () => {
    const parsed = parseSettings({ PORT: "x", LOG_LEVEL: "loud" });
    expect(parsed.ok ? [] : parsed.problems).toHaveLength(4);
  });
});
