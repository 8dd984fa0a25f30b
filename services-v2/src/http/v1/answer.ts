import type { FastifyReply } from "fastify";
import type { AnyFailure } from "../refusal.ts";
import { describeV1Failure } from "./describe-failure.ts";
import { type ContentOf, violationMessage } from "./violation-message.ts";

export const jsonType = "application/json; charset=utf-8";

/** The envelope around what went well, as text, so that it can be kept. */
export function wrapData(data: unknown): string {
  return `{"success":true,"data":${JSON.stringify(data)},"message":null,"error":null}`;
}

export function sendWrapped(reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply.code(status).header("content-type", jsonType).header("cache-control", "no-store").send(body);
}

export function sendData(reply: FastifyReply, data: unknown, status = 200): FastifyReply {
  return sendWrapped(reply, status, wrapData(data));
}

export function sendV1Failure(reply: FastifyReply, failure: AnyFailure, contentOf: ContentOf): FastifyReply {
  const { status, error, retryAfter } = describeV1Failure(failure);
  if (status === 401) reply.header("www-authenticate", "Bearer");
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  const envelope = { success: false, data: null, message: null, error };
  if (failure.kind !== "invalid") return sendWrapped(reply, status, JSON.stringify(envelope));
  const violations = failure.violations.map((violation) => ({
    field: violation.field,
    message: violationMessage(violation, contentOf),
  }));
  return sendWrapped(reply, status, JSON.stringify({ ...envelope, validation_errors: violations }));
}
