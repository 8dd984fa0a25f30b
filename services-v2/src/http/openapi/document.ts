import { describePaths, v1FailureOf, v2FailureOf } from "./operation.ts";
import { exact, schemas, text } from "./schemas.ts";
import { v1Operations } from "./v1-operations.ts";
import { v2Operations } from "./v2-operations.ts";

const health = (good: string, bad: string | null): object => ({
  get: {
    summary: "For probes",
    security: [],
    responses: {
      200: {
        description: "Yes",
        content: { "application/json": { schema: exact({ status: { const: good } }) } },
      },
      ...(bad === null
        ? {}
        : {
            503: {
              description: "No",
              content: { "application/json": { schema: exact({ status: { const: bad }, reason: text }) } },
            },
          }),
    },
  },
});

/** The description of both APIs, OpenAPI 3.1, as it is served. */
export const openApiText = JSON.stringify({
  openapi: "3.1.0",
  info: {
    title: "cms-v2",
    version: "2.0.0",
    description: "API v2, and API v1 as cms-v1 answers it. Credentials are a bearer token or an API key.",
  },
  paths: {
    ...describePaths("/api/v1", v1Operations, v1FailureOf),
    ...describePaths("/api/v2", v2Operations, v2FailureOf),
    "/health/live": health("ok", null),
    "/health/ready": health("ready", "unavailable"),
  },
  components: {
    schemas,
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
    },
  },
});
