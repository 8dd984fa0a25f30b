import { defineConfig } from "vitest/config";

// Three kinds of test: `unit` is pure and in-process, `integration` uses real sockets, processes and PostgreSQL,
// `e2e` speaks HTTP to a whole running stack.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: ["**/src/**/*.test.ts", "**/test/unit/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
        },
      },
      {
        test: {
          name: "integration",
          sequence: { groupOrder: 1 },
          include: ["**/test/integration/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["deploy/local/test/global-postgres.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "e2e",
          sequence: { groupOrder: 2 },
          include: ["deploy/e2e/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
    ],
    coverage: {
      provider: "v8",
      reporter: ["text-summary", "json-summary", "lcov"],
      reportsDirectory: "coverage",
      include: [
        "proxy/src/**/*.ts",
        "services-v1/src/**/*.ts",
        "services-v2/src/**/*.ts",
        "deploy/*/src/**/*.ts",
      ],
    },
  },
});
