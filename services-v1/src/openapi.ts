import { type Operation, operations } from "./openapi-operations.ts";
import { envelopeOf, type JsonSchema, ref, schemas } from "./openapi-schemas.ts";

const failureTexts: ReadonlyMap<number, string> = new Map([
  [400, "The body is not a JSON object"],
  [401, "Credentials are missing or no good"],
  [403, "The caller may not do this"],
  [404, "There is no such thing, or the caller may not see it"],
  [409, "Something unique is taken"],
  [413, "The body is larger than 1 MiB"],
  [415, "The body is not application/json"],
  [422, "Fields are wrong"],
  [429, "Too many attempts; see Retry-After"],
  [500, "A fault of the service"],
  [503, "The database is unavailable; see Retry-After"],
]);

const json = (schema: JsonSchema): JsonSchema => ({ "application/json": { schema } });

function describe(operation: Operation): JsonSchema {
  const { access, body, created, data, failures = [], path, query = [], summary } = operation;
  const implied = [...(access === "anyone" ? [] : [401]), ...(body ? [400, 413, 415, 422] : []), 500, 503];
  const statuses = [...new Set([...failures, ...implied])].sort((a, b) => a - b);
  const success = { description: created ? "Created" : "Done", content: json(envelopeOf(data)) };
  const inPath = path.includes("{id}")
    ? [{ name: "id", in: "path", required: true, schema: { type: "string" } }]
    : [];
  return {
    summary,
    security:
      access === "anyone" ? [] : [{ bearer: [] }, { apiKey: [] }, ...(access === "optional" ? [{}] : [])],
    parameters: [...inPath, ...query],
    ...(body ? { requestBody: { required: true, content: json(ref(body)) } } : {}),
    responses: {
      [created ? "201" : "200"]: success,
      ...Object.fromEntries(
        statuses.map((status) => [
          String(status),
          {
            description: failureTexts.get(status),
            content: json(ref(status === 422 ? "ValidationFailure" : "Failure")),
          },
        ]),
      ),
    },
  };
}

function describePaths(): Readonly<Record<string, Readonly<Record<string, JsonSchema>>>> {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const path = `/api/v1${operation.path}`;
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return paths;
}

/** Path, then method in lower case, then what is promised. */
export const openApiPaths = describePaths();

/** API v1 as OpenAPI 3.1. */
export const openApiDocument: JsonSchema = {
  openapi: "3.1.0",
  info: { title: "CMS API v1", version: "1.0.0", license: { name: "MIT", identifier: "MIT" } },
  paths: openApiPaths,
  components: {
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
    },
    schemas,
  },
};
