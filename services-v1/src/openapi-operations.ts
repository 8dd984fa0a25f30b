import { hitsOf, type JsonSchema, pageOf, ref } from "./openapi-schemas.ts";
import { postSorts, postStatuses } from "./stores/post-store.ts";
import { userSorts } from "./stores/user-store.ts";

type Access = "anyone" | "optional" | "token";

export interface Operation {
  readonly method: "get" | "post" | "put" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** Schema of `data`. */
  readonly data: JsonSchema;
  readonly created?: true;
  /** Name of the schema of the request body. */
  readonly body?: string;
  readonly query?: readonly JsonSchema[];
  /** Failures besides those that follow from the rest. */
  readonly failures?: readonly number[];
}

const parameter = (name: string, schema: JsonSchema): JsonSchema => ({ name, in: "query", schema });
const whole = { type: "integer", minimum: 0 };
const page = parameter("page", { ...whole, default: 1 });
const limit = parameter("limit", { ...whole, maximum: 100, default: 20 });
const offset = parameter("offset", { ...whole, default: 0 });
const q = { ...parameter("q", { type: "string", maxLength: 200 }), required: true };
const sortBy = (names: ReadonlyMap<string, string>): JsonSchema =>
  parameter("sort", {
    enum: [...names.keys()].flatMap((name) => [name, `-${name}`]),
    default: "-created_at",
  });
const postQuery = [
  page,
  limit,
  sortBy(postSorts),
  parameter("status", { enum: postStatuses }),
  parameter("author", { type: "string" }),
  parameter("tag", { type: "string" }),
];

/** Every operation of API v1. */
export const operations: readonly Operation[] = [
  {
    method: "post",
    path: "/auth/register",
    summary: "Open an account",
    access: "anyone",
    data: ref("Auth"),
    created: true,
    body: "Registration",
    failures: [409, 429],
  },
  {
    method: "post",
    path: "/auth/login",
    summary: "Open a session",
    access: "anyone",
    data: ref("Auth"),
    body: "Login",
    failures: [401, 429],
  },
  {
    method: "post",
    path: "/auth/refresh",
    summary: "Rotate the refresh token",
    access: "anyone",
    data: ref("Auth"),
    body: "Refresh",
    failures: [401],
  },
  {
    method: "post",
    path: "/auth/logout",
    summary: "End the session",
    access: "token",
    data: ref("Done"),
    failures: [400, 413, 415],
  },
  { method: "get", path: "/auth/profile", summary: "The caller", access: "token", data: ref("User") },
  {
    method: "get",
    path: "/posts",
    summary: "Posts that the caller may see",
    access: "optional",
    data: pageOf(ref("Post")),
    query: postQuery,
  },
  {
    method: "post",
    path: "/posts",
    summary: "Write a post",
    access: "token",
    data: ref("Post"),
    created: true,
    body: "NewPost",
    failures: [403, 409],
  },
  {
    method: "get",
    path: "/posts/{id}",
    summary: "One post",
    access: "optional",
    data: ref("Post"),
    failures: [404],
  },
  {
    method: "put",
    path: "/posts/{id}",
    summary: "Change what is sent",
    access: "token",
    data: ref("Post"),
    body: "PostChanges",
    failures: [403, 404, 409],
  },
  {
    method: "delete",
    path: "/posts/{id}",
    summary: "Delete a post",
    access: "token",
    data: ref("Done"),
    failures: [400, 403, 404, 413, 415],
  },
  {
    method: "get",
    path: "/posts/{id}/comments",
    summary: "Comments, oldest first",
    access: "optional",
    data: pageOf(ref("Comment")),
    query: [page, limit],
    failures: [404],
  },
  {
    method: "post",
    path: "/posts/{id}/comments",
    summary: "Comment on a post",
    access: "token",
    data: ref("Comment"),
    created: true,
    body: "NewComment",
    failures: [404],
  },
  {
    method: "get",
    path: "/tags",
    summary: "Tags of published posts",
    access: "anyone",
    data: pageOf(ref("Term")),
    query: [page, limit],
  },
  {
    method: "get",
    path: "/categories",
    summary: "Categories of published posts",
    access: "anyone",
    data: pageOf(ref("Term")),
    query: [page, limit],
  },
  {
    method: "get",
    path: "/users",
    summary: "All users",
    access: "token",
    data: pageOf(ref("User")),
    query: [page, limit, sortBy(userSorts)],
    failures: [403],
  },
  {
    method: "get",
    path: "/users/{id}",
    summary: "One user",
    access: "token",
    data: ref("User"),
    failures: [403, 404],
  },
  {
    method: "put",
    path: "/users/{id}",
    summary: "Change what is sent",
    access: "token",
    data: ref("User"),
    body: "UserChanges",
    failures: [403, 404, 409],
  },
  {
    method: "delete",
    path: "/users/{id}",
    summary: "Deactivate a user",
    access: "token",
    data: ref("Done"),
    failures: [400, 403, 404, 413, 415],
  },
  {
    method: "get",
    path: "/admin/posts",
    summary: "All posts",
    access: "token",
    data: pageOf(ref("Post")),
    query: postQuery,
    failures: [403],
  },
  {
    method: "post",
    path: "/admin/posts",
    summary: "Write a post for anybody",
    access: "token",
    data: ref("Post"),
    created: true,
    body: "NewPostFor",
    failures: [403, 409],
  },
  {
    method: "delete",
    path: "/admin/posts/{id}",
    summary: "Delete a post",
    access: "token",
    data: ref("Done"),
    failures: [400, 403, 404, 413, 415],
  },
  {
    method: "post",
    path: "/api-keys",
    summary: "Create an API key, shown this once",
    access: "token",
    data: ref("CreatedApiKey"),
    created: true,
    body: "NewApiKey",
  },
  {
    method: "get",
    path: "/api-keys",
    summary: "The caller's API keys",
    access: "token",
    data: pageOf(ref("ApiKey")),
    query: [page, limit],
  },
  {
    method: "delete",
    path: "/api-keys/{id}",
    summary: "Revoke an API key",
    access: "token",
    data: ref("Done"),
    failures: [400, 404, 413, 415],
  },
  {
    method: "get",
    path: "/search",
    summary: "Published posts that contain a text",
    access: "anyone",
    data: hitsOf(ref("Post")),
    query: [q, limit, offset],
    failures: [422],
  },
  {
    method: "get",
    path: "/search/suggest",
    summary: "Titles that begin with a text",
    access: "anyone",
    data: hitsOf({ type: "string" }),
    query: [q, limit, offset],
    failures: [422],
  },
];
