import type { Failure, Outcome } from "../domain/outcome.ts";

/** What is wrong with a request before any use case has seen it. */
export type RequestFailure =
  | { readonly kind: "no_route" }
  | { readonly kind: "unauthenticated" }
  | { readonly kind: "bad_token" }
  | { readonly kind: "bad_api_key" }
  | { readonly kind: "too_large" }
  | { readonly kind: "media_type" }
  | { readonly kind: "bad_json" }
  | { readonly kind: "no_object" };

export type OurFailure = { readonly kind: "unavailable" } | { readonly kind: "internal" };

export type AnyFailure = Failure | RequestFailure | OurFailure;

/** Carries a failure from a handler or a hook to the error handler of its API, which gives it status and words. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly failure: AnyFailure;

  constructor(failure: AnyFailure) {
    super(failure.kind);
    this.failure = failure;
  }
}

/** @throws Refusal when the use case refused */
export function unwrap<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw new Refusal(outcome.failure);
}
