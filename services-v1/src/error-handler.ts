import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError, DatabaseUnavailable } from "./api-error.ts";
import { failure } from "./envelope.ts";

const unavailableRetrySeconds = 1;

/** What the framework itself refuses, by its error code. */
const frameworkErrors: ReadonlyMap<string, ApiError> = new Map([
  ["FST_ERR_CTP_BODY_TOO_LARGE", new ApiError(413, "Request body is larger than 1 MiB")],
  ["FST_ERR_CTP_INVALID_MEDIA_TYPE", new ApiError(415, "Content-Type must be application/json")],
  ["FST_ERR_CTP_INVALID_CONTENT_LENGTH", new ApiError(400, "Request body must be valid JSON")],
]);

/** The one place where an error becomes an answer. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = asApiError(error);
  if (known.status === 500) request.log.error({ err: error }, "unexpected error");
  if (known.status === 503) request.log.warn({ err: error }, "database unavailable");
  reply.code(known.status).header("cache-control", "no-store");
  if (known.status === 401) reply.header("www-authenticate", "Bearer");
  if (known.retryAfterSeconds !== undefined) reply.header("retry-after", known.retryAfterSeconds);
  reply.send(failure(known.message, known.validationProblems));
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DatabaseUnavailable) {
    return new ApiError(503, "Service temporarily unavailable", {
      retryAfterSeconds: unavailableRetrySeconds,
    });
  }
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return frameworkErrors.get(code) ?? new ApiError(500, "Internal server error");
}
