import type { Deprecation } from "../config/deprecation.ts";
import type { RouteRule, Version } from "../config/snapshot.ts";

/** What a route says about a request. */
export interface Route {
  readonly name: string;
  /** Place of the route's series in the slab. */
  readonly slot: number;
  readonly pin: Version | null;
  readonly stream: boolean;
  readonly prefix: string;
  readonly deprecation: Deprecation | null;
}

/** Finds the route of a path: the first in config order whose prefix matches. */
export class Router {
  readonly #routes: readonly Route[];
  readonly #other: Route;

  /** @param slots place in the slab of each route, in the same order */
  constructor(rules: readonly RouteRule[], slots: readonly number[]) {
    this.#routes = rules.map((rule, i) => ({ ...rule, slot: slots[i] ?? 0 }));
    this.#other = { name: "other", slot: 0, pin: null, stream: false, prefix: "/", deprecation: null };
  }

  find(path: string): Route {
    for (let i = 0; i < this.#routes.length; i += 1) {
      const route = this.#routes[i];
      if (route !== undefined && matchesPrefix(path, route.prefix)) return route;
    }
    return this.#other;
  }
}

/** `/a/` matches `/a`, `/a/` and `/a/b`; `/a` matches `/a`, `/a/` and `/a/b` but not `/ab`. */
function matchesPrefix(path: string, prefix: string): boolean {
  if (prefix.endsWith("/")) {
    return path.startsWith(prefix) || (path.length === prefix.length - 1 && prefix.startsWith(path));
  }
  return path.startsWith(prefix) && (path.length === prefix.length || path.charAt(prefix.length) === "/");
}
