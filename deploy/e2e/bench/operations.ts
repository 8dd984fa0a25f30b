import { randomBytes, randomInt } from "node:crypto";
import { seedPassword, seedPost, seedTags } from "../../database/src/seed-rows.ts";
import type { Shot } from "./load.ts";

/** Something that users do, and how it is loaded. */
export interface Operation {
  readonly name: string;
  readonly status: number;
  readonly aim: () => Shot;
  /** `fixed`: that many at once. `rate`: at 80 % of what v1 can do, while one post a second is written. */
  readonly load: { readonly kind: "fixed"; readonly concurrency: number } | { readonly kind: "rate" };
}

const atOnce = { kind: "fixed", concurrency: 8 } as const;
const rate = { kind: "rate" } as const;
const popularPosts = 2000;

/** The six that the goal names, on a database with `posts` seeded posts. */
export function planOperations(posts: number): readonly Operation[] {
  const numbers = Array.from({ length: popularPosts }, () => 1 + randomInt(posts));
  const ids = numbers.map(seedPost).filter(({ status }) => status === "published");
  const words = seedTags().map(({ name }) => name.split(/[ -]/u)[0] ?? name);
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[randomInt(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  return [
    {
      name: "register",
      status: 201,
      load: atOnce,
      aim: () => {
        const name = `bench_${randomBytes(8).toString("hex")}`;
        const json = { username: name, email: `${name}@example.com`, password: "correct horse battery" };
        return { method: "POST", path: "/api/v1/auth/register", json };
      },
    },
    {
      name: "login",
      status: 200,
      load: atOnce,
      aim: () => ({
        method: "POST",
        path: "/api/v1/auth/login",
        json: { email: `author.${1 + randomInt(40)}@example.com`, password: seedPassword },
      }),
    },
    {
      name: "get post",
      status: 200,
      load: rate,
      aim: () => ({ method: "GET", path: `/api/v1/posts/${pick(ids).id}` }),
    },
    {
      name: "list posts",
      status: 200,
      load: rate,
      aim: () => ({ method: "GET", path: `/api/v1/posts?page=${1 + randomInt(50)}` }),
    },
    {
      name: "tag list",
      status: 200,
      load: rate,
      aim: () => ({ method: "GET", path: "/api/v1/tags?limit=100" }),
    },
    {
      name: "search",
      status: 200,
      load: rate,
      aim: () => ({ method: "GET", path: `/api/v1/search?q=${pick(words)}%20${1 + randomInt(99)}` }),
    },
  ];
}
