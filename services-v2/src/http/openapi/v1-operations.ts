import type { OperationPlan } from "./operation.ts";
import { accepts, count, exact, flag, listOf, nullableText, ref, type Schema, text } from "./schemas.ts";

const wrap = (data: Schema): Schema =>
  exact({ success: { const: true }, data, message: { type: "null" }, error: { type: "null" } });
const pageOf = (items: Schema): Schema =>
  wrap(
    exact({
      items: listOf(items),
      total: count,
      page: { type: "integer", minimum: 1 },
      limit: { type: "integer", minimum: 1, maximum: 100 },
      total_pages: count,
    }),
  );
const foundOf = (items: Schema): Schema =>
  wrap(
    exact({
      items: listOf(items),
      total: count,
      limit: { type: "integer", minimum: 1, maximum: 100 },
      offset: count,
    }),
  );
const pageQuery = ["page", "limit"];
const signedIn = wrap(ref("SignedIn"));
const user = wrap(ref("User"));
const post = wrap(ref("Post"));
const message = wrap(ref("Message"));

const postFields: Readonly<Record<string, Schema>> = {
  title: text,
  content: text,
  slug: nullableText,
  excerpt: nullableText,
  status: nullableText,
  tags: { type: ["array", "null"], items: text },
  metadata: {
    type: ["object", "null"],
    properties: {
      meta_title: nullableText,
      meta_description: nullableText,
      categories: { type: ["array", "null"], items: text },
    },
  },
};
const newPost = accepts(postFields, ["title", "content"]);
const adminPost = accepts({ ...postFields, author_id: nullableText }, ["title", "content"]);
const comment = accepts({ content: text }, ["content"]);
const names = { first_name: nullableText, last_name: nullableText };
const account = accepts({ username: text, email: text, password: text, ...names }, [
  "username",
  "email",
  "password",
]);
const userChange = accepts({
  username: text,
  email: text,
  ...names,
  role: text,
  is_active: flag,
  email_verified: flag,
});

/** API v1, as docs/api-v1.md has it. */
export const v1Operations: readonly OperationPlan[] = [
  {
    method: "post",
    path: "/auth/register",
    summary: "Open an account",
    access: "anyone",
    body: account,
    success: [201, signedIn],
    failures: [409, 422, 429],
  },
  {
    method: "post",
    path: "/auth/login",
    summary: "Log in",
    access: "anyone",
    body: accepts({ email: text, password: text }, ["email", "password"]),
    success: [200, signedIn],
    failures: [401, 422, 429],
  },
  {
    method: "post",
    path: "/auth/refresh",
    summary: "Exchange a refresh token",
    access: "anyone",
    body: accepts({ refresh_token: text }, ["refresh_token"]),
    success: [200, signedIn],
    failures: [401, 422],
  },
  {
    method: "post",
    path: "/auth/logout",
    summary: "End the session",
    access: "required",
    success: [200, message],
    failures: [],
  },
  {
    method: "get",
    path: "/auth/profile",
    summary: "Oneself",
    access: "required",
    success: [200, user],
    failures: [],
  },
  {
    method: "get",
    path: "/posts",
    summary: "List posts",
    access: "optional",
    query: [...pageQuery, "sort", "status", "author", "tag"],
    success: [200, pageOf(ref("Post"))],
    failures: [],
  },
  {
    method: "post",
    path: "/posts",
    summary: "Write a post",
    access: "required",
    body: newPost,
    success: [201, post],
    failures: [403, 409, 422],
  },
  {
    method: "get",
    path: "/posts/{id}",
    summary: "One post",
    access: "optional",
    success: [200, post],
    failures: [404],
  },
  {
    method: "put",
    path: "/posts/{id}",
    summary: "Change a post",
    access: "required",
    body: accepts(postFields),
    success: [200, post],
    failures: [403, 404, 409, 422],
  },
  {
    method: "delete",
    path: "/posts/{id}",
    summary: "Delete a post",
    access: "required",
    success: [200, message],
    failures: [403, 404],
  },
  {
    method: "get",
    path: "/posts/{id}/comments",
    summary: "List comments",
    access: "optional",
    query: pageQuery,
    success: [200, pageOf(ref("Comment"))],
    failures: [404],
  },
  {
    method: "post",
    path: "/posts/{id}/comments",
    summary: "Comment",
    access: "required",
    body: comment,
    success: [201, wrap(ref("Comment"))],
    failures: [404, 422],
  },
  {
    method: "get",
    path: "/tags",
    summary: "Tags in use",
    access: "anyone",
    query: pageQuery,
    success: [200, pageOf(ref("Term"))],
    failures: [],
  },
  {
    method: "get",
    path: "/categories",
    summary: "Categories in use",
    access: "anyone",
    query: pageQuery,
    success: [200, pageOf(ref("Term"))],
    failures: [],
  },
  {
    method: "get",
    path: "/users",
    summary: "List users",
    access: "required",
    query: [...pageQuery, "sort"],
    success: [200, pageOf(ref("User"))],
    failures: [403],
  },
  {
    method: "get",
    path: "/users/{id}",
    summary: "One user",
    access: "required",
    success: [200, user],
    failures: [403, 404],
  },
  {
    method: "put",
    path: "/users/{id}",
    summary: "Change a user",
    access: "required",
    body: userChange,
    success: [200, user],
    failures: [403, 404, 409, 422],
  },
  {
    method: "delete",
    path: "/users/{id}",
    summary: "Deactivate a user",
    access: "required",
    success: [200, message],
    failures: [403, 404],
  },
  {
    method: "get",
    path: "/admin/posts",
    summary: "List posts as an admin",
    access: "required",
    query: [...pageQuery, "sort", "status", "author", "tag"],
    success: [200, pageOf(ref("Post"))],
    failures: [403],
  },
  {
    method: "post",
    path: "/admin/posts",
    summary: "Write a post for an author",
    access: "required",
    body: adminPost,
    success: [201, post],
    failures: [403, 409, 422],
  },
  {
    method: "delete",
    path: "/admin/posts/{id}",
    summary: "Delete a post as an admin",
    access: "required",
    success: [200, message],
    failures: [403, 404],
  },
  {
    method: "post",
    path: "/api-keys",
    summary: "Make an API key",
    access: "required",
    body: accepts({ name: text }, ["name"]),
    success: [201, wrap(ref("NewApiKey"))],
    failures: [422],
  },
  {
    method: "get",
    path: "/api-keys",
    summary: "One's API keys",
    access: "required",
    query: pageQuery,
    success: [200, pageOf(ref("ApiKey"))],
    failures: [],
  },
  {
    method: "delete",
    path: "/api-keys/{id}",
    summary: "Revoke an API key",
    access: "required",
    success: [200, message],
    failures: [404],
  },
  {
    method: "get",
    path: "/search",
    summary: "Posts that contain a text",
    access: "anyone",
    query: ["q", "limit", "offset"],
    success: [200, foundOf(ref("Post"))],
    failures: [422],
  },
  {
    method: "get",
    path: "/search/suggest",
    summary: "Titles that begin with a text",
    access: "anyone",
    query: ["q", "limit", "offset"],
    success: [200, foundOf(text)],
    failures: [422],
  },
];
