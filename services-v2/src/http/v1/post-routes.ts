import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parseLooseComment, parseLooseNewPost, parseLoosePostChange } from "../../domain/loose-post.ts";
import { type Outcome, refuse } from "../../domain/outcome.ts";
import { isPostStatus } from "../../domain/post-status.ts";
import type { NewPost } from "../../domain/post.ts";
import { suggestLooseSlug } from "../../domain/slug.ts";
import { isUuid } from "../../domain/uuid.ts";
import type { PostFilter, PostSortField } from "../../usecases/ports.ts";
import type { WriteOptions } from "../../usecases/posts.ts";
import type { Violation } from "../../domain/violation.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentComment, presentPost } from "../present.ts";
import { pathText, queryText } from "../query-text.ts";
import { Refusal, unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { viewerKey } from "../viewer-key.ts";
import { sendData, sendWrapped, wrapData } from "./answer.ts";
import { presentPage, readPageQuery, readSort } from "./list-query.ts";

const sortFields: readonly PostSortField[] = ["created_at", "updated_at", "published_at", "title"];
const writeOptions: WriteOptions = { hideUnreadable: false, matches: () => true };
/** No user has it: an author who is no UUID matches nothing. */
const nobodyId = "00000000-0000-0000-0000-000000000000";

/** The id in the path, in lower case. @throws Refusal when it is no UUID, which no post has */
function postId(request: FastifyRequest): string {
  const id = pathText(request, "id");
  if (!isUuid(id)) throw new Refusal({ kind: "not_found", resource: "post" });
  return id.toLowerCase();
}

export function addV1PostRoutes(server: FastifyInstance, services: Services): void {
  const { posts, comments, answers } = services;

  const list = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const filter = readFilter(request);
    const sort = readSort(request, sortFields);
    const query = readPageQuery(request);
    const key = `v1 posts ${viewerKey(request.visitor)} ${JSON.stringify([filter, sort, query])}`;
    const body = await answers(key, async () => {
      const page = await posts.list(request.visitor?.user ?? null, filter, sort, query);
      return wrapData(presentPage(page, query, presentPost));
    });
    return sendWrapped(reply, 200, body);
  };

  const create = async (authorId: string, post: NewPost, reply: FastifyReply): Promise<FastifyReply> => {
    const plan = { base: suggestLooseSlug(post.title), longest: Number.POSITIVE_INFINITY };
    return sendData(reply, presentPost(unwrap(await posts.create(authorId, post, plan))), 201);
  };

  const remove = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    unwrap(await posts.remove(callerOf(request).user, { id: postId(request) }, writeOptions));
    return sendData(reply, { message: "Post deleted successfully" });
  };

  server.get("/posts", { config: { access: { credentials: "optional" } } }, list);

  server.post(
    "/posts",
    { config: { access: { credentials: "required", floor: "author" } } },
    async (request, reply) => {
      const post = unwrap(parseLooseNewPost(readObject(request)));
      return create(callerOf(request).user.id, post, reply);
    },
  );

  server.get("/posts/:id", { config: { access: { credentials: "optional" } } }, async (request, reply) => {
    const id = postId(request);
    const body = await answers(`v1 post ${viewerKey(request.visitor)} ${id}`, async () =>
      wrapData(presentPost(unwrap(await posts.get(request.visitor?.user ?? null, { id })))),
    );
    return sendWrapped(reply, 200, body);
  });

  server.put("/posts/:id", { config: { access: { credentials: "required" } } }, async (request, reply) => {
    const input = readObject(request);
    const changed = await posts.change(
      callerOf(request).user,
      { id: postId(request) },
      () => parseLoosePostChange(input),
      writeOptions,
    );
    return sendData(reply, presentPost(unwrap(changed)));
  });

  server.delete("/posts/:id", { config: { access: { credentials: "required" } } }, remove);

  server.get(
    "/posts/:id/comments",
    { config: { access: { credentials: "optional" } } },
    async (request, reply) => {
      const id = postId(request);
      const query = readPageQuery(request);
      const body = await answers(
        `v1 comments ${viewerKey(request.visitor)} ${id} ${JSON.stringify(query)}`,
        async () => {
          const page = unwrap(await comments.list(request.visitor?.user ?? null, { id }, null, query));
          return wrapData(presentPage(page, query, presentComment));
        },
      );
      return sendWrapped(reply, 200, body);
    },
  );

  server.post(
    "/posts/:id/comments",
    { config: { access: { credentials: "required" }, contentOf: "comment" } },
    async (request, reply) => {
      const input = readObject(request);
      const id = postId(request);
      const read = (): Outcome<string> => parseLooseComment(input);
      const created = await comments.create(callerOf(request).user, { id }, read, "published");
      return sendData(reply, presentComment(unwrap(created)), 201);
    },
  );

  server.get("/admin/posts", { config: { access: { credentials: "required", floor: "admin" } } }, list);

  server.post(
    "/admin/posts",
    { config: { access: { credentials: "required", floor: "admin" } } },
    async (request, reply) => {
      const input = readObject(request);
      const post = parseLooseNewPost(input);
      const author = Object.hasOwn(input, "author_id") ? (input["author_id"] ?? null) : null;
      const known = isUuid(author) && (await services.userExists(author.toLowerCase()));
      if (author !== null && !known) return unwrap(refuse(addAuthorViolation(post, author)));
      return create(isUuid(author) ? author.toLowerCase() : callerOf(request).user.id, unwrap(post), reply);
    },
  );

  server.delete(
    "/admin/posts/:id",
    { config: { access: { credentials: "required", floor: "admin" } } },
    remove,
  );
}

/** The author is the last of the fields, after whatever else is wrong. */
function addAuthorViolation(
  post: Outcome<NewPost>,
  author: unknown,
): { kind: "invalid"; violations: readonly Violation[] } {
  const code = typeof author === "string" && author.includes("\u0000") ? "nul" : "not_allowed";
  const others = !post.ok && post.failure.kind === "invalid" ? post.failure.violations : [];
  return { kind: "invalid", violations: [...others, { field: "author_id", code }] };
}

function readFilter(request: FastifyRequest): Omit<PostFilter, "unpublishedOf"> {
  const status = queryText(request, "status");
  const author = queryText(request, "author");
  const tag = queryText(request, "tag")?.trim().toLowerCase() ?? "";
  return {
    status: isPostStatus(status) ? status : null,
    authorId: author === null || isUuid(author) ? author : nobodyId,
    tag: tag === "" ? null : { by: "name", value: tag },
    category: null,
  };
}
