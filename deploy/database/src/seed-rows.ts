import { createHash } from "node:crypto";

/**
 * Every row follows from its number alone, so that the first N posts are the same whatever N is asked for, on any machine.
 */
export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password_hash: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly role: string;
  readonly created_at: string;
}

export interface PostRow {
  readonly id: string;
  readonly title: string;
  readonly slug: string;
  readonly content: string;
  readonly excerpt: string | null;
  readonly status: "draft" | "published" | "archived";
  readonly author_id: string;
  readonly tags: readonly string[];
  readonly categories: readonly string[];
  readonly meta_title: string | null;
  readonly meta_description: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly published_at: string | null;
}

export interface CommentRow {
  readonly id: string;
  readonly post_id: string;
  readonly author_id: string;
  readonly content: string;
  readonly created_at: string;
}

export interface TermRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

/** The password of every seeded user: a public one, for staging and tests. */
export const seedPassword = "serin-staging-only";
/** bcrypt of `seedPassword`, cost 10, with a fixed salt, because seeding is to give the same rows every time. */
const seedPasswordHash = "$2b$10$abcdefghijklmnopqrstuugiUSLWw/vcL1m.dbxHAc/AOucLI7Pqu";

const epochMs = Date.UTC(2024, 0, 1, 8);
const minuteMs = 60_000;
const authorCount = 40;

const roles = ["super_admin", "admin", "editor", "author", "contributor", "subscriber"];
const firstNames = ["Ada", "Björn", "Chiara", "Dmitri", "Esi", "Farid", "Grace", "Hana", "Inês", "Jonas"];
const lastNames = ["Adeyemi", "Brandt", "Castillo", "Dvořák", "Eriksen", "Fontaine", "Gupta", "Haddad"];
const topics = [
  "proxy",
  "canary",
  "kernel",
  "compiler",
  "garden",
  "harbour",
  "winter",
  "bicycle",
  "bakery",
  "orchard",
  "satellite",
  "library",
  "mountain",
  "railway",
  "theatre",
  "glacier",
  "lantern",
  "voyage",
  "archive",
  "signal",
];
const words = [
  "the",
  "a",
  "of",
  "and",
  "to",
  "in",
  "with",
  "while",
  "under",
  "over",
  "quiet",
  "bright",
  "early",
  "late",
  "steady",
  "release",
  "traffic",
  "request",
  "answer",
  "measure",
  "reader",
  "writer",
  "editor",
  "system",
  "network",
  "river",
  "market",
  "window",
  "engine",
  "letter",
  "number",
  "change",
  "people",
  "morning",
  "evening",
  "summer",
  "island",
  "question",
  "reason",
  "result",
  "sample",
  "station",
  "story",
  "street",
  "travel",
  "weather",
  "yellow",
  "copper",
  "turns",
  "moves",
  "keeps",
  "finds",
  "holds",
  "brings",
  "shows",
  "starts",
  "learns",
  "builds",
  "carries",
  "returns",
];
const tagNames = topics.flatMap((topic) => [topic, `${topic} notes`, `${topic}-craft`]);
const categoryNames = [
  "News",
  "Engineering",
  "Culture",
  "Travel",
  "Food & Drink",
  "Science",
  "Opinion",
  "How-to",
  "Interviews",
  "Archive",
];

export function seedUsers(): readonly UserRow[] {
  const named = roles.map((role, n) => user(n, role, role));
  const authors = Array.from({ length: authorCount }, (_, n) => user(n + 10, `author_${n + 1}`, "author"));
  return [...named, ...authors];
}

export function seedTags(): readonly TermRow[] {
  return tagNames.map((name) => ({ id: idOf("tag", name), name, description: `Everything about ${name}` }));
}

export function seedCategories(): readonly TermRow[] {
  return categoryNames.map((name) => ({
    id: idOf("category", name),
    name,
    description: `Posts filed under ${name}`,
  }));
}

/** Post number `n`, counted from 1. */
export function seedPost(n: number): PostRow {
  const random = createRandom(n);
  const topic = pick(topics, random);
  const title = `${capitalise(pick(words, random))} ${pick(words, random)} ${topic} ${n}`;
  const createdAt = epochMs + n * 7 * minuteMs;
  const published = random();
  const status = published < 0.8 ? "published" : published < 0.95 ? "draft" : "archived";
  const content = Array.from({ length: 3 + Math.floor(random() * 4) }, () => paragraph(random, topic)).join(
    "\n\n",
  );
  return {
    id: idOf("post", String(n)),
    title,
    slug: title.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-"),
    content,
    excerpt: random() < 0.7 ? content.slice(0, 140) : null,
    status,
    author_id: idOf("user", `author_${1 + (n % authorCount)}`),
    // Low numbers are far more frequent, as tags are in life.
    tags: distinct(1 + Math.floor(random() * 5), () => pick(tagNames, () => random() ** 2)),
    categories: distinct(1 + Math.floor(random() * 2), () => pick(categoryNames, random)),
    meta_title: random() < 0.5 ? title.slice(0, 60) : null,
    meta_description: random() < 0.5 ? content.slice(0, 150) : null,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(createdAt + Math.floor(random() * 5000) * minuteMs).toISOString(),
    published_at: status === "draft" ? null : new Date(createdAt + 3 * minuteMs).toISOString(),
  };
}

/** The comments of post number `n`: none to three, on published posts only. */
export function seedComments(n: number): readonly CommentRow[] {
  const post = seedPost(n);
  if (post.status !== "published") return [];
  const random = createRandom(n + 1_000_003);
  return Array.from({ length: Math.floor(random() * 4) }, (_, index) => ({
    id: idOf("comment", `${n}.${index}`),
    post_id: post.id,
    author_id: idOf("user", index % 2 === 0 ? "subscriber" : "contributor"),
    content: sentence(random),
    created_at: new Date(Date.parse(post.created_at) + (index + 1) * 60 * minuteMs).toISOString(),
  }));
}

function user(n: number, username: string, role: string): UserRow {
  return {
    id: idOf("user", username),
    username,
    email: `${username.replaceAll("_", ".")}@example.com`,
    password_hash: seedPasswordHash,
    first_name: firstNames[n % firstNames.length] ?? "",
    last_name: lastNames[n % lastNames.length] ?? "",
    role,
    created_at: new Date(epochMs + n * minuteMs).toISOString(),
  };
}

/** A UUID of version 8 (RFC 9562, 5.8) from the SHA-256 of what the row is. */
function idOf(kind: string, name: string): string {
  const hash = createHash("sha256").update(`serin:${kind}:${name}`).digest("hex");
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** mulberry32: small, fast, the same everywhere. Not for secrets. */
function createRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick(from: readonly string[], random: () => number): string {
  return from[Math.floor(random() * from.length)] ?? "";
}

function distinct(count: number, next: () => string): readonly string[] {
  return [...new Set(Array.from({ length: count }, next))];
}

function paragraph(random: () => number, topic: string): string {
  return Array.from({ length: 3 }, () => `${sentence(random)} ${capitalise(topic)}.`).join(" ");
}

function sentence(random: () => number): string {
  const picked = Array.from({ length: 8 + Math.floor(random() * 8) }, () => pick(words, random));
  return `${capitalise(picked.join(" "))}.`;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
