import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../authenticate.ts";
import { success } from "../envelope.ts";
import { callerOf, optionalCaller, requireCaller } from "../guard.ts";
import type { Query } from "../paging.ts";
import { presentPost } from "../present.ts";
import type { PostService } from "../services/post-service.ts";
import type { PostStore } from "../stores/post-store.ts";
import { listPosts } from "./post-listing.ts";

interface ById {
  Params: { id: string };
}

export function addPostRoutes(
  api: FastifyInstance,
  service: PostService,
  posts: PostStore,
  authenticator: Authenticator,
): void {
  const optional = { onRequest: optionalCaller(authenticator) };
  const required = { onRequest: requireCaller(authenticator) };

  api.get<{ Querystring: Query }>("/posts", optional, async (request) =>
    success(await listPosts(posts, request.query, request.caller)),
  );

  api.post("/posts", { onRequest: requireCaller(authenticator, "author") }, async (request, reply) => {
    const post = await service.create(request.body, callerOf(request));
    reply.code(201);
    return success(presentPost(post));
  });

  api.get<ById>("/posts/:id", optional, async (request) =>
    success(presentPost(await service.read(request.params.id, request.caller))),
  );

  api.put<ById>("/posts/:id", required, async (request) =>
    success(presentPost(await service.update(request.params.id, request.body, callerOf(request)))),
  );

  api.delete<ById>("/posts/:id", required, async (request) => {
    await service.remove(request.params.id, callerOf(request));
    return success({ message: "Post deleted successfully" });
  });
}
