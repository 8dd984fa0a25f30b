import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../authenticate.ts";
import { success } from "../envelope.ts";
import { callerOf, requireCaller } from "../guard.ts";
import type { Query } from "../paging.ts";
import { presentPost } from "../present.ts";
import type { PostService } from "../services/post-service.ts";
import type { PostStore } from "../stores/post-store.ts";
import { listPosts } from "./post-listing.ts";

export function addAdminRoutes(
  api: FastifyInstance,
  service: PostService,
  posts: PostStore,
  authenticator: Authenticator,
): void {
  const adminOnly = { onRequest: requireCaller(authenticator, "admin") };

  api.get<{ Querystring: Query }>("/admin/posts", adminOnly, async (request) =>
    success(await listPosts(posts, request.query, request.caller)),
  );

  api.post("/admin/posts", adminOnly, async (request, reply) => {
    const post = await service.createFor(request.body, callerOf(request));
    reply.code(201);
    return success(presentPost(post));
  });

  api.delete<{ Params: { id: string } }>("/admin/posts/:id", adminOnly, async (request) => {
    await service.remove(request.params.id, callerOf(request));
    return success({ message: "Post deleted successfully" });
  });
}
