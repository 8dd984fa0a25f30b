import type { FastifyInstance, FastifyRequest } from "fastify";
import { isPostStatus, type PostAction } from "../../domain/post-status.ts";
import type { Post } from "../../domain/post.ts";
import { strictSlug, suggestSlug } from "../../domain/slug.ts";
import { parseStrictNewPost, parseStrictPostChange } from "../../domain/strict-post.ts";
import { isUuid } from "../../domain/uuid.ts";
import type { PostFilter, PostKey, PostSortField } from "../../usecases/ports.ts";
import type { WriteOptions } from "../../usecases/posts.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentPost } from "../present.ts";
import { pathText, queryText } from "../query-text.ts";
import { unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { viewerKey } from "../viewer-key.ts";
import { matcher, sendNothing, sendRead, sendWritten } from "./answer.ts";
import { presentPage, readSlice, readSort, refuseQuery } from "./list-query.ts";

const sortFields: readonly PostSortField[] = ["created_at", "updated_at", "published_at", "title"];

/** The slug in the path. Posts of API v1 may have slugs that API v2 would not give; their readers encode them. */
export function postKey(request: FastifyRequest): PostKey {
  // PostgreSQL would refuse a NUL; no slug has one, and none is the empty text either.
  return { slug: pathText(request, "slug").toWellFormed().replaceAll("\u0000", "") };
}

export function addV2PostRoutes(server: FastifyInstance, services: Services): void {
  const { posts, answers } = services;

  const writeOptions = (request: FastifyRequest): WriteOptions => ({
    hideUnreadable: true,
    matches: matcher<Post>(request, presentPost),
  });

  server.get("/posts", { config: { access: { credentials: "optional" } } }, (request, reply) => {
    const filter = readFilter(request);
    const sort = readSort(request, sortFields, "created_at");
    const slice = readSlice(request);
    const key = `posts ${viewerKey(request.visitor)} ${JSON.stringify([filter, sort, slice])}`;
    return sendRead(request, reply, answers, key, async () => {
      const page = await posts.list(request.visitor?.user ?? null, filter, sort, slice);
      return presentPage(page, slice, presentPost);
    });
  });

  server.post(
    "/posts",
    { config: { access: { credentials: "required", floor: "author" } } },
    async (request, reply) => {
      const post = unwrap(parseStrictNewPost(readObject(request)));
      const plan = { base: suggestSlug(post.title, "post"), longest: strictSlug.max };
      const created = unwrap(await posts.create(callerOf(request).user.id, post, plan));
      return sendWritten(reply, presentPost(created), `/api/v2/posts/${encodeURIComponent(created.slug)}`);
    },
  );

  server.get("/posts/:slug", { config: { access: { credentials: "optional" } } }, (request, reply) => {
    const key = postKey(request);
    return sendRead(
      request,
      reply,
      answers,
      `post ${viewerKey(request.visitor)} ${JSON.stringify(key)}`,
      async () => presentPost(unwrap(await posts.get(request.visitor?.user ?? null, key))),
    );
  });

  server.patch(
    "/posts/:slug",
    { config: { access: { credentials: "required" } } },
    async (request, reply) => {
      const input = readObject(request);
      const changed = await posts.change(
        callerOf(request).user,
        postKey(request),
        () => parseStrictPostChange(input),
        writeOptions(request),
      );
      return sendWritten(reply, presentPost(unwrap(changed)));
    },
  );

  server.delete(
    "/posts/:slug",
    { config: { access: { credentials: "required" } } },
    async (request, reply) => {
      unwrap(await posts.remove(callerOf(request).user, postKey(request), writeOptions(request)));
      return sendNothing(reply);
    },
  );

  const addMove = (action: PostAction): void => {
    server.post(
      `/posts/:slug/${action}`,
      { config: { access: { credentials: "required" } } },
      async (request, reply) => {
        const { user } = callerOf(request);
        const moved = await posts.move(user, postKey(request), action, writeOptions(request));
        return sendWritten(reply, presentPost(unwrap(moved)));
      },
    );
  };
  addMove("publish");
  addMove("archive");
}

/** `status`, `author` (a user's id), `tag` and `category` (slugs). @throws Refusal for what cannot be one */
function readFilter(request: FastifyRequest): Omit<PostFilter, "unpublishedOf"> {
  const status = queryText(request, "status");
  const author = queryText(request, "author");
  const tag = queryText(request, "tag");
  if (status !== null && !isPostStatus(status)) return refuseQuery({ field: "status", code: "not_allowed" });
  if (author !== null && !isUuid(author)) return refuseQuery({ field: "author", code: "format" });
  return {
    status,
    authorId: author,
    tag: tag === null ? null : { by: "slug", value: tag },
    category: queryText(request, "category"),
  };
}
