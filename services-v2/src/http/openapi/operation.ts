import type { RouteAccess } from "../caller.ts";
import { ref, type Schema } from "./schemas.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly schema: Schema;
}

export interface OperationPlan {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Below the API's prefix, with `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: RouteAccess["credentials"];
  readonly query?: readonly string[];
  readonly body?: Schema;
  /** Status and body of what went well; null for none. */
  readonly success: readonly [status: number, body: Schema | null];
  /** Statuses that may come beside those that every operation has. */
  readonly failures: readonly number[];
  /** Statuses without a body, as 304. */
  readonly bare?: readonly number[];
  readonly headers?: readonly string[];
}

/** A JSON answer of this schema. */
function json(description: string, schema: Schema, headers: readonly string[] = []): object {
  return {
    description,
    ...(headers.length === 0
      ? {}
      : { headers: Object.fromEntries(headers.map((name) => [name, { schema: { type: "string" } }])) }),
    content: { "application/json": { schema } },
  };
}

const everywhere = [500, 503];

/**
 * An operation object of OpenAPI 3.1.
 * @param failureOf the schema of a failure with this status
 */
export function describeOperation(plan: OperationPlan, failureOf: (status: number) => Schema): object {
  const inPath = [...plan.path.matchAll(/\{(\w+)\}/gu)].map((match) => match[1] ?? "");
  const parameters: Parameter[] = [
    ...inPath.map((name): Parameter => ({ name, in: "path", schema: { type: "string" } })),
    ...(plan.query ?? []).map((name): Parameter => ({ name, in: "query", schema: { type: "string" } })),
    ...(plan.headers ?? []).map((name): Parameter => ({ name, in: "header", schema: { type: "string" } })),
  ];
  const [status, body] = plan.success;
  const credentials = plan.access === "anyone" ? [] : [401];
  const bodyFailures = plan.method === "get" ? [] : [400, 413, 415];
  const failures = [...new Set([...plan.failures, ...credentials, ...bodyFailures, ...everywhere])].sort(
    (a, b) => a - b,
  );
  return {
    summary: plan.summary,
    ...(parameters.length === 0
      ? {}
      : { parameters: parameters.map((each) => ({ ...each, required: each.in === "path" })) }),
    ...(plan.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: plan.body } } } }),
    security: securityOf(plan.access),
    responses: {
      [status]:
        body === null ? { description: "Done" } : json("Done", body, status === 201 ? ["location"] : []),
      ...Object.fromEntries((plan.bare ?? []).map((each) => [each, { description: "Unchanged" }])),
      ...Object.fromEntries(failures.map((each) => [each, json(`Refused with ${each}`, failureOf(each))])),
    },
  };
}

function securityOf(access: RouteAccess["credentials"]): readonly object[] {
  const either = [{ bearer: [] }, { apiKey: [] }];
  if (access === "anyone") return [];
  return access === "optional" ? [{}, ...either] : either;
}

/** Groups operations by path, as OpenAPI wants them. */
export function describePaths(
  prefix: string,
  plans: readonly OperationPlan[],
  failureOf: (status: number) => Schema,
): Readonly<Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const plan of plans) {
    const path = (paths[`${prefix}${plan.path}`] ??= {});
    path[plan.method] = describeOperation(plan, failureOf);
  }
  return paths;
}

export const v1FailureOf = (status: number): Schema =>
  ref(status === 422 ? "V1ValidationFailure" : "V1Failure");
export const v2FailureOf = (): Schema => ref("V2Failure");
