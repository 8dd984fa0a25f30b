import type { Violation } from "./violation.ts";

export type Resource = "post" | "user" | "comment" | "tag" | "category" | "api_key";

/** Why a use case did not do what was asked. The HTTP layers give each its status and its words. */
export type Failure =
  | { readonly kind: "invalid"; readonly violations: readonly Violation[] }
  | { readonly kind: "bad_credentials" }
  | { readonly kind: "bad_refresh_token" }
  | { readonly kind: "inactive" }
  | { readonly kind: "forbidden" }
  | { readonly kind: "not_found"; readonly resource: Resource }
  | { readonly kind: "duplicate"; readonly resource: Resource; readonly field: string }
  | {
      readonly kind: "wrong_state";
      readonly resource: Resource;
      readonly from: string;
      readonly action: string;
    }
  | { readonly kind: "changed" }
  | { readonly kind: "too_many"; readonly retryAfterSeconds: number };

export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

export function done<Value>(value: Value): Outcome<Value> {
  return { ok: true, value };
}

export function refuse(failure: Failure): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure };
}
