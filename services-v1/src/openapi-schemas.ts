import { roles } from "./roles.ts";
import { postStatuses } from "./stores/post-store.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

const uuid: JsonSchema = { type: "string", format: "uuid" };
const time: JsonSchema = { type: "string", format: "date-time" };
const text: JsonSchema = { type: "string" };
const whole: JsonSchema = { type: "integer", minimum: 0 };
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });
const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items });
export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** An object with exactly these properties, all of them there. */
function exact(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

/** What the request bodies share: known fields, others ignored. */
function body(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

export function envelopeOf(data: JsonSchema): JsonSchema {
  return exact({ success: { const: true }, data, message: { type: "null" }, error: { type: "null" } });
}

export function pageOf(items: JsonSchema): JsonSchema {
  return exact({ items: listOf(items), total: whole, page: whole, limit: whole, total_pages: whole });
}

export function hitsOf(items: JsonSchema): JsonSchema {
  return exact({ items: listOf(items), total: whole, limit: whole, offset: whole });
}

const failure = { success: { const: false }, data: { type: "null" }, message: { type: "null" }, error: text };

const postInput = {
  title: { type: "string", minLength: 1, maxLength: 255 },
  content: { type: "string", minLength: 1 },
  slug: orNull({ type: "string", maxLength: 255 }),
  excerpt: orNull({ type: "string", maxLength: 500 }),
  status: orNull({ enum: postStatuses }),
  tags: orNull(listOf({ type: "string", minLength: 3, maxLength: 49 })),
  metadata: orNull(
    body({
      meta_title: orNull({ type: "string", maxLength: 60 }),
      meta_description: orNull({ type: "string", maxLength: 160 }),
      categories: orNull(listOf({ type: "string", minLength: 1, maxLength: 100 })),
    }),
  ),
};

const name = orNull({ type: "string", maxLength: 100 });
const username: JsonSchema = { type: "string", minLength: 3, maxLength: 50 };
const email: JsonSchema = { type: "string", maxLength: 320 };

export const schemas: Readonly<Record<string, JsonSchema>> = {
  User: exact({
    id: uuid,
    username: text,
    email: text,
    first_name: orNull(text),
    last_name: orNull(text),
    role: { enum: roles },
    is_active: { type: "boolean" },
    email_verified: { type: "boolean" },
    last_login: orNull(time),
    created_at: time,
    updated_at: time,
  }),
  Post: exact({
    id: uuid,
    title: text,
    slug: text,
    content: text,
    excerpt: orNull(text),
    status: { enum: postStatuses },
    author_id: uuid,
    tags: listOf(text),
    metadata: exact({
      meta_title: orNull(text),
      meta_description: orNull(text),
      categories: listOf(text),
    }),
    created_at: time,
    updated_at: time,
    published_at: orNull(time),
  }),
  Comment: exact({
    id: uuid,
    post_id: uuid,
    author_id: uuid,
    content: text,
    status: { enum: ["published", "edited"] },
    created_at: time,
    updated_at: time,
  }),
  Term: exact({ name: text, description: orNull(text), post_count: whole }),
  ApiKey: exact({ id: uuid, name: text, prefix: text, created_at: time }),
  CreatedApiKey: exact({ id: uuid, name: text, prefix: text, created_at: time, key: text }),
  Auth: exact({
    user: ref("User"),
    access_token: text,
    refresh_token: text,
    expires_in: whole,
    session_id: uuid,
  }),
  Done: exact({ message: text }),
  Failure: exact(failure),
  ValidationFailure: exact({
    ...failure,
    validation_errors: { ...listOf(exact({ field: text, message: text })), minItems: 1 },
  }),
  Registration: body(
    { username, email, password: { type: "string", minLength: 8 }, first_name: name, last_name: name },
    ["username", "email", "password"],
  ),
  Login: body({ email: text, password: text }, ["email", "password"]),
  Refresh: body({ refresh_token: text }, ["refresh_token"]),
  NewPost: body(postInput, ["title", "content"]),
  NewPostFor: body({ ...postInput, author_id: orNull(uuid) }, ["title", "content"]),
  PostChanges: body({ ...postInput, title: orNull(postInput.title), content: orNull(postInput.content) }),
  UserChanges: body({
    username: orNull(username),
    email: orNull(email),
    first_name: name,
    last_name: name,
    role: orNull({ enum: roles }),
    is_active: orNull({ type: "boolean" }),
    email_verified: orNull({ type: "boolean" }),
  }),
  NewComment: body({ content: { type: "string", minLength: 1, maxLength: 5000 } }, ["content"]),
  NewApiKey: body({ name: { type: "string", minLength: 1, maxLength: 100 } }, ["name"]),
};
