import type { FastifyInstance } from "fastify";
import { notFound } from "../api-error.ts";
import type { Authenticator } from "../authenticate.ts";
import { isForeignKeyViolation } from "../database.ts";
import { success } from "../envelope.ts";
import { FieldReader } from "../fields.ts";
import { callerOf, optionalCaller, requireCaller } from "../guard.ts";
import { listing, parsePage, type Query } from "../paging.ts";
import { presentComment } from "../present.ts";
import type { PostService } from "../services/post-service.ts";
import type { CommentStore } from "../stores/comment-store.ts";

interface OfPost {
  Params: { id: string };
  Querystring: Query;
}

export function addCommentRoutes(
  api: FastifyInstance,
  service: PostService,
  comments: CommentStore,
  authenticator: Authenticator,
): void {
  api.get<OfPost>("/posts/:id/comments", { onRequest: optionalCaller(authenticator) }, async (request) => {
    const post = await service.read(request.params.id, request.caller);
    const page = parsePage(request.query);
    const found = await comments.list(post.id, page);
    return success(listing(found.map(presentComment), await comments.count(post.id), page));
  });

  api.post<OfPost>(
    "/posts/:id/comments",
    { onRequest: requireCaller(authenticator) },
    async (request, reply) => {
      const caller = callerOf(request);
      const fields = FieldReader.ofBody(request.body);
      const post = await service.read(request.params.id, caller);
      const rule = { min: 1, max: 5000, trim: true, message: "must be between 1 and 5000 characters" };
      const content = fields.requiredText("content", rule) ?? "";
      fields.finish();
      try {
        const comment = await comments.insert(post.id, caller.user.id, content);
        if (!comment) throw notFound("Post");
        reply.code(201);
        return success(presentComment(comment));
      } catch (error) {
        throw isForeignKeyViolation(error) ? notFound("Post") : error;
      }
    },
  );
}
