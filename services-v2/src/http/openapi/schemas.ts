import { commentStatuses } from "../../domain/comment-status.ts";
import { postStatuses } from "../../domain/post-status.ts";
import { roles } from "../../domain/role.ts";

/** JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: "string" };
export const nullableText: Schema = { type: ["string", "null"] };
export const flag: Schema = { type: "boolean" };
export const count: Schema = { type: "integer", minimum: 0 };
export const id: Schema = {
  type: "string",
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
};
const timePattern = "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$";
export const time: Schema = { type: "string", format: "date-time", pattern: timePattern };
export const nullableTime: Schema = { type: ["string", "null"], format: "date-time", pattern: timePattern };

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const listOf = (items: Schema): Schema => ({ type: "array", items });

/** An object with exactly these properties, all of them there. */
export function exact(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

/** An object of which some properties must be sent. */
export function accepts(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema {
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}

const metadata = exact({
  meta_title: nullableText,
  meta_description: nullableText,
  categories: listOf(text),
});

const post = {
  id,
  title: text,
  slug: text,
  content: text,
  excerpt: nullableText,
  status: { enum: postStatuses },
  author_id: id,
  tags: listOf(text),
  metadata,
  created_at: time,
  updated_at: time,
  published_at: nullableTime,
};

const tag = {
  id,
  name: text,
  slug: text,
  description: nullableText,
  post_count: count,
  created_at: time,
  updated_at: time,
};

const apiKey = { id, name: text, prefix: { type: "string", pattern: "^cms_.{8}$" }, created_at: time };

const v1Failure = {
  success: { const: false },
  data: { type: "null" },
  message: { type: "null" },
  error: text,
};

/** What both APIs show; rows that only API v1's loose rules allow are shown in API v2 too, so no lengths are promised. */
export const schemas: Readonly<Record<string, Schema>> = {
  User: exact({
    id,
    username: text,
    email: text,
    first_name: nullableText,
    last_name: nullableText,
    role: { enum: roles },
    is_active: flag,
    email_verified: flag,
    last_login: nullableTime,
    created_at: time,
    updated_at: time,
  }),
  Post: exact(post),
  FoundPost: exact({ ...post, rank: { type: "number" } }),
  Comment: exact({
    id,
    post_id: id,
    author_id: id,
    content: text,
    status: { enum: commentStatuses },
    created_at: time,
    updated_at: time,
  }),
  Term: exact({ name: text, description: nullableText, post_count: { type: "integer", minimum: 1 } }),
  Tag: exact(tag),
  Category: exact({ ...tag, is_active: flag }),
  ApiKey: exact(apiKey),
  NewApiKey: exact({ ...apiKey, key: { type: "string", pattern: "^cms_[A-Za-z0-9_-]{43}$" } }),
  SignedIn: exact({
    user: ref("User"),
    access_token: text,
    refresh_token: { type: "string", pattern: "^[A-Za-z0-9_-]{43}$" },
    expires_in: { const: 3600 },
    session_id: id,
  }),
  Message: exact({ message: text }),
  V1Failure: exact(v1Failure),
  V1ValidationFailure: exact({
    ...v1Failure,
    validation_errors: { type: "array", minItems: 1, items: exact({ field: text, message: text }) },
  }),
  V2Failure: exact({
    errors: { type: "array", minItems: 1, items: exact({ field: nullableText, message: text, code: text }) },
    request_id: text,
    timestamp: time,
    status: { type: "integer", minimum: 400, maximum: 599 },
  }),
};
