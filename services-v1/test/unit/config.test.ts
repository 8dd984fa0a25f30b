import { expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";

const least = { DATABASE_URL: "postgres://u:p@h/d", JWT_SECRET: "x".repeat(32) };

test("the defaults are those of the documentation", () => {
  expect(parseConfig(least)).toEqual({
    config: {
      host: "127.0.0.1",
      port: 3001,
      databaseUrl: "postgres://u:p@h/d",
      jwtSecret: "x".repeat(32),
      logLevel: "info",
      poolMax: 10,
      rateLimits: { login: 30, register: 20, windowSeconds: 60 },
    },
  });
});

test("every value can be set", () => {
  const parsed = parseConfig({
    ...least,
    HOST: "0.0.0.0",
    PORT: "0",
    LOG_LEVEL: "debug",
    DB_POOL_MAX: "3",
    RATE_LIMIT_LOGIN: "0",
    RATE_LIMIT_REGISTER: "7",
    RATE_LIMIT_WINDOW_SECONDS: "5",
  });
  expect(parsed).toMatchObject({
    config: {
      host: "0.0.0.0",
      port: 0,
      logLevel: "debug",
      poolMax: 3,
      rateLimits: { login: 0, register: 7, windowSeconds: 5 },
    },
  });
});

test("problems never show a secret", () => {
  const parsed = parseConfig({
    DATABASE_URL: "mysql://me:db-secret@h/d",
    JWT_SECRET: "jwt-secret",
    DB_POOL_MAX: "0",
  });
  expect(parsed).toMatchObject({ problems: { length: 3 } });
  expect(JSON.stringify(parsed)).not.toContain("secret@");
  expect(JSON.stringify(parsed)).not.toContain("jwt-secret");
});
