import type { Resource } from "../../domain/outcome.ts";
import { unreachable } from "../../domain/unreachable.ts";
import type { AnyFailure } from "../refusal.ts";

export interface V1Failure {
  readonly status: number;
  readonly error: string;
  /** Seconds, for the header `retry-after`. */
  readonly retryAfter?: number;
}

const names: Readonly<Record<Resource, string>> = {
  post: "Post",
  user: "User",
  comment: "Comment",
  tag: "Tag",
  category: "Category",
  api_key: "API key",
};

/** Status and sentence of API v1 for whatever went wrong; docs/api-v1.md has the table. */
export function describeV1Failure(failure: AnyFailure): V1Failure {
  switch (failure.kind) {
    case "no_route":
      return { status: 404, error: "Route not found" };
    case "too_many":
      return {
        status: 429,
        error: "Too many requests, please try again later",
        retryAfter: failure.retryAfterSeconds,
      };
    case "unauthenticated":
      return { status: 401, error: "Authentication required" };
    case "bad_token":
      return { status: 401, error: "Invalid or expired token" };
    case "bad_api_key":
      return { status: 401, error: "Invalid API key" };
    case "bad_credentials":
    case "inactive":
      return { status: 401, error: "Invalid email or password" };
    case "bad_refresh_token":
      return { status: 401, error: "Invalid or expired refresh token" };
    case "forbidden":
      return { status: 403, error: "Insufficient permissions" };
    case "too_large":
      return { status: 413, error: "Request body is larger than 1 MiB" };
    case "media_type":
      return { status: 415, error: "Content-Type must be application/json" };
    case "bad_json":
      return { status: 400, error: "Request body must be valid JSON" };
    case "no_object":
      return { status: 400, error: "Request body must be a JSON object" };
    case "not_found":
      return { status: 404, error: `${names[failure.resource]} not found` };
    case "invalid":
      return { status: 422, error: "Validation failed" };
    case "duplicate":
      return {
        status: 409,
        error: `A ${names[failure.resource].toLowerCase()} with this ${failure.field} already exists`,
      };
    case "wrong_state":
    case "changed":
      return { status: 409, error: "Conflict" };
    case "unavailable":
      return { status: 503, error: "Service temporarily unavailable", retryAfter: 1 };
    case "internal":
      return { status: 500, error: "Internal server error" };
    default:
      return unreachable(failure);
  }
}
