import type { FastifyReply, FastifyRequest } from "fastify";
import type { AnyFailure } from "../refusal.ts";
import type { Answers } from "../services.ts";
import { describeV2Failure } from "./describe-failure.ts";
import { entityTag, isNotModified, isPreconditionMet } from "./entity-tag.ts";

export const jsonType = "application/json; charset=utf-8";

/** Kept answers begin with their tag, so that it is worked out once. */
const tagLength = 29;

/** Answers a read: 304 when the client has these bytes already. */
export async function sendRead(
  request: FastifyRequest,
  reply: FastifyReply,
  answers: Answers,
  key: string,
  work: () => Promise<object>,
): Promise<FastifyReply> {
  const kept = await answers(`v2 ${key}`, async () => {
    const body = JSON.stringify(await work());
    return entityTag(body) + body;
  });
  return sendTagged(request, reply, kept.slice(0, tagLength), kept.slice(tagLength));
}

/** Answers a read that is not worth keeping. */
export function sendFresh(request: FastifyRequest, reply: FastifyReply, value: object): FastifyReply {
  const body = JSON.stringify(value);
  return sendTagged(request, reply, entityTag(body), body);
}

function sendTagged(request: FastifyRequest, reply: FastifyReply, tag: string, body: string): FastifyReply {
  // Each reuse is to be asked about: what is true now may not be in a second.
  reply
    .header("etag", tag)
    .header("cache-control", "private, no-cache")
    .header("vary", "authorization, x-api-key");
  if (isNotModified(request.headers["if-none-match"], tag)) return reply.code(304).send();
  return reply.header("content-type", jsonType).send(body);
}

/** Answers a write with what has become of the thing. @param location of a new one */
export function sendWritten(reply: FastifyReply, value: object, location?: string): FastifyReply {
  const body = JSON.stringify(value);
  if (location !== undefined) reply.code(201).header("location", location);
  return reply
    .header("etag", entityTag(body))
    .header("cache-control", "no-store")
    .header("content-type", jsonType)
    .send(body);
}

/** Answers what is no thing with a tag of its own: tokens, messages. */
export function sendPlain(reply: FastifyReply, value: object, status = 200): FastifyReply {
  return reply
    .code(status)
    .header("cache-control", "no-store")
    .header("content-type", jsonType)
    .send(JSON.stringify(value));
}

export function sendNothing(reply: FastifyReply): FastifyReply {
  return reply.code(204).header("cache-control", "no-store").send();
}

/** Compares the thing as it would be shown with what `If-Match` says the client has seen. */
export function matcher<Value>(
  request: FastifyRequest,
  present: (value: Value) => object,
): (value: Value) => boolean {
  const header = request.headers["if-match"];
  return (value) =>
    header === undefined || isPreconditionMet(header, entityTag(JSON.stringify(present(value))));
}

export function sendV2Failure(
  request: FastifyRequest,
  reply: FastifyReply,
  failure: AnyFailure,
): FastifyReply {
  const { status, errors, retryAfter } = describeV2Failure(failure);
  if (status === 401) reply.header("www-authenticate", "Bearer");
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  const body = { errors, request_id: request.id, timestamp: new Date(), status };
  return reply
    .code(status)
    .header("content-type", jsonType)
    .header("cache-control", "no-store")
    .send(JSON.stringify(body));
}
