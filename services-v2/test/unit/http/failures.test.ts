import { describe, expect, it } from "vitest";
import type { AnyFailure } from "../../../src/http/refusal.ts";
import { describeV1Failure } from "../../../src/http/v1/describe-failure.ts";
import { violationMessage } from "../../../src/http/v1/violation-message.ts";
import { describeV2Failure } from "../../../src/http/v2/describe-failure.ts";

const cases: readonly (readonly [AnyFailure, v1: number, v2: number])[] = [
  [{ kind: "no_route" }, 404, 404],
  [{ kind: "too_many", retryAfterSeconds: 7 }, 429, 429],
  [{ kind: "unauthenticated" }, 401, 401],
  [{ kind: "bad_token" }, 401, 401],
  [{ kind: "bad_api_key" }, 401, 401],
  [{ kind: "bad_credentials" }, 401, 401],
  [{ kind: "bad_refresh_token" }, 401, 401],
  [{ kind: "forbidden" }, 403, 403],
  [{ kind: "too_large" }, 413, 413],
  [{ kind: "media_type" }, 415, 415],
  [{ kind: "bad_json" }, 400, 400],
  [{ kind: "no_object" }, 400, 400],
  [{ kind: "not_found", resource: "post" }, 404, 404],
  [{ kind: "invalid", violations: [{ field: "title", code: "required" }] }, 422, 400],
  [{ kind: "duplicate", resource: "post", field: "slug" }, 409, 409],
  [{ kind: "wrong_state", resource: "post", from: "draft", action: "publish" }, 409, 409],
  [{ kind: "changed" }, 409, 412],
  [{ kind: "unavailable" }, 503, 503],
  [{ kind: "internal" }, 500, 500],
];

describe("failures", () => {
  it.each(cases)("%j is %i in API v1 and %i in API v2", (failure, v1, v2) => {
    expect([describeV1Failure(failure).status, describeV2Failure(failure).status]).toEqual([v1, v2]);
    expect(describeV2Failure(failure).errors).not.toHaveLength(0);
  });

  it("say when to come back", () => {
    expect(describeV1Failure({ kind: "too_many", retryAfterSeconds: 7 }).retryAfter).toBe(7);
    expect(describeV2Failure({ kind: "unavailable" }).retryAfter).toBe(1);
  });

  it.each([
    ["title", "required", "is required"],
    ["title", "type", "must be a string"],
    ["tags", "type", "must be an array of strings"],
    ["metadata", "type", "must be an object"],
    ["is_active", "type", "must be a boolean"],
    ["tags", "nul", "must not contain the NUL character"],
    ["tags", "too_many", "must have at most 20 items"],
    ["content", "too_short", "must be at least 1 character"],
  ] as const)("in API v1 %s %s: %s", (field, code, message) => {
    expect(violationMessage({ field, code }, "post")).toBe(message);
  });
});
