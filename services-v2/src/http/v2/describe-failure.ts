import { unreachable } from "../../domain/unreachable.ts";
import type { Violation } from "../../domain/violation.ts";
import type { AnyFailure } from "../refusal.ts";

export interface V2Error {
  /** Null when no one field is to blame. */
  readonly field: string | null;
  readonly message: string;
  readonly code: string;
}

export interface V2Failure {
  readonly status: number;
  readonly errors: readonly V2Error[];
  /** Seconds, for the header `retry-after`. */
  readonly retryAfter?: number;
}

function single(status: number, code: string, message: string, field: string | null = null): V2Failure {
  return { status, errors: [{ field, message, code }] };
}

/** Status, code and words of API v2 for whatever went wrong. */
export function describeV2Failure(failure: AnyFailure): V2Failure {
  switch (failure.kind) {
    case "invalid":
      return {
        status: 400,
        errors: failure.violations.map((violation) => ({
          field: violation.field,
          message: describeViolation(violation),
          code: violation.code,
        })),
      };
    case "bad_json":
      return single(400, "bad_json", "The request body must be valid JSON");
    case "no_object":
      return single(400, "no_object", "The request body must be a JSON object");
    case "unauthenticated":
      return single(401, "unauthenticated", "Authentication is required");
    case "bad_token":
      return single(401, "bad_token", "The access token is invalid or has expired");
    case "bad_api_key":
      return single(401, "bad_api_key", "The API key is not valid");
    case "bad_credentials":
    case "inactive":
      return single(401, "bad_credentials", "The email or the password is wrong");
    case "bad_refresh_token":
      return single(401, "bad_refresh_token", "The refresh token is invalid or has expired");
    case "forbidden":
      return single(403, "forbidden", "The role or the ownership does not allow this");
    case "no_route":
      return single(404, "no_route", "There is no such path or method");
    case "not_found":
      return single(404, "not_found", `There is no such ${failure.resource.replace("_", " ")}`);
    case "duplicate":
      return single(409, "duplicate", `Another ${failure.resource} has this ${failure.field}`, failure.field);
    case "wrong_state":
      return single(
        409,
        "wrong_state",
        `The ${failure.resource} is ${failure.from}: ${failure.action} is not possible`,
        "status",
      );
    case "changed":
      return single(412, "changed", "It has changed since the version that If-Match names");
    case "too_large":
      return single(413, "too_large", "The request body is larger than 1 MiB");
    case "media_type":
      return single(415, "media_type", "The content type must be application/json");
    case "too_many":
      return {
        ...single(429, "too_many", "Too many attempts"),
        retryAfter: failure.retryAfterSeconds,
      };
    case "internal":
      return single(500, "internal", "Something went wrong here");
    case "unavailable":
      return { ...single(503, "unavailable", "The database is out of reach"), retryAfter: 1 };
    default:
      return unreachable(failure);
  }
}

function describeViolation({ code, limit }: Violation): string {
  switch (code) {
    case "required":
      return "is required";
    case "type":
      return "has the wrong type";
    case "nul":
      return "must not contain the NUL character";
    case "too_short":
      return `must have at least ${limit ?? 1} characters`;
    case "too_long":
      return `must have at most ${limit ?? 0} characters`;
    case "too_many":
      return `must have at most ${limit ?? 0} items`;
    case "format":
      return "has the wrong form";
    case "not_allowed":
      return "is not among the allowed values";
    case "unknown_field":
      return "is not a field of this request";
    case "empty":
      return "must change something";
    default:
      return unreachable(code);
  }
}
