import type { FastifyInstance, FastifyRequest } from "fastify";
import { type CommentStatus, isCommentStatus } from "../../domain/comment-status.ts";
import { type Comment, parseComment } from "../../domain/comment.ts";
import { isUuid } from "../../domain/uuid.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentComment } from "../present.ts";
import { pathText, queryText } from "../query-text.ts";
import { Refusal, unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { viewerKey } from "../viewer-key.ts";
import { matcher, sendNothing, sendRead, sendWritten } from "./answer.ts";
import { presentPage, readSlice, refuseQuery } from "./list-query.ts";
import { postKey } from "./post-routes.ts";

function commentId(request: FastifyRequest): string {
  const id = pathText(request, "id");
  if (!isUuid(id)) throw new Refusal({ kind: "not_found", resource: "comment" });
  return id;
}

/** A new comment waits for a moderator: editors and up see and publish what is pending. */
export function addV2CommentRoutes(server: FastifyInstance, services: Services): void {
  const { comments, answers } = services;

  server.get(
    "/posts/:slug/comments",
    { config: { access: { credentials: "optional" } } },
    (request, reply) => {
      const key = postKey(request);
      const statuses = readStatuses(request);
      const slice = readSlice(request);
      const name = `comments ${viewerKey(request.visitor)} ${JSON.stringify([key, statuses, slice])}`;
      return sendRead(request, reply, answers, name, async () => {
        const page = unwrap(await comments.list(request.visitor?.user ?? null, key, statuses, slice));
        return presentPage(page, slice, presentComment);
      });
    },
  );

  server.post(
    "/posts/:slug/comments",
    { config: { access: { credentials: "required" } } },
    async (request, reply) => {
      const input = readObject(request);
      const { user } = callerOf(request);
      const created = unwrap(
        await comments.create(user, postKey(request), () => parseComment(input), "pending"),
      );
      return sendWritten(reply, presentComment(created), `/api/v2/comments/${created.id}`);
    },
  );

  server.patch(
    "/comments/:id",
    { config: { access: { credentials: "required" } } },
    async (request, reply) => {
      const input = readObject(request);
      const matches = matcher<Comment>(request, presentComment);
      const edited = await comments.edit(
        callerOf(request).user,
        commentId(request),
        () => parseComment(input),
        matches,
      );
      return sendWritten(reply, presentComment(unwrap(edited)));
    },
  );

  server.delete(
    "/comments/:id",
    { config: { access: { credentials: "required" } } },
    async (request, reply) => {
      const matches = matcher<Comment>(request, presentComment);
      unwrap(await comments.remove(callerOf(request).user, commentId(request), matches));
      return sendNothing(reply);
    },
  );

  server.post(
    "/comments/:id/publish",
    { config: { access: { credentials: "required" } } },
    async (request, reply) => {
      const matches = matcher<Comment>(request, presentComment);
      const published = await comments.publish(callerOf(request).user, commentId(request), matches);
      return sendWritten(reply, presentComment(unwrap(published)));
    },
  );
}

function readStatuses(request: FastifyRequest): readonly CommentStatus[] | null {
  const status = queryText(request, "status");
  if (status === null) return null;
  return isCommentStatus(status) ? [status] : refuseQuery({ field: "status", code: "not_allowed" });
}
