import { StorageUnavailable } from "../usecases/unavailable.ts";
import { type AnyFailure, Refusal } from "./refusal.ts";

/** What an error that reached the HTTP layer means for the client. Fastify's own are told apart by their code. */
export function classifyError(error: unknown): AnyFailure {
  if (error instanceof Refusal) return error.failure;
  if (error instanceof StorageUnavailable) return { kind: "unavailable" };
  switch (readCode(error)) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return { kind: "too_large" };
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return { kind: "media_type" };
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return { kind: "bad_json" };
    case "FST_ERR_BAD_URL":
    case "FST_ERR_MAX_PARAM_LENGTH":
      return { kind: "no_route" };
    default:
      return { kind: "internal" };
  }
}

function readCode(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
