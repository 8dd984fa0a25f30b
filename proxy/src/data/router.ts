import type { RouteRule, Version } from "../config/snapshot.ts";

/** What a route says about a request. */
export interface Route {
  readonly name: string;
  /** Place of the route's series in the slab. */
  readonly slot: number;
  readonly pin: Version | null;
  readonly stream: boolean;
}

interface CompiledRoute {
  readonly route: Route;
  readonly prefix: string;
}

/** Finds the route of a path: the first in config order whose prefix matches. */
export class Router {
  readonly #routes: readonly CompiledRoute[];
  readonly #other: Route;

  /** @param slots place in the slab of each route, in the same order */
  constructor(rules: readonly RouteRule[], slots: readonly number[]) {
    this.#routes = rules.map((rule, i) => ({
      prefix: rule.prefix,
      route: { name: rule.name, slot: slots[i] ?? 0, pin: rule.pin, stream: rule.stream },
    }));
    this.#other = { name: "other", slot: 0, pin: null, stream: false };
  }

  find(path: string): Route {
    for (let i = 0; i < this.#routes.length; i += 1) {
      const compiled = this.#routes[i];
      if (compiled !== undefined && matchesPrefix(path, compiled.prefix)) return compiled.route;
    }
    return this.#other;
  }
}

/** `/a/` matches `/a`, `/a/` and `/a/b`; `/a` matches `/a`, `/a/` and `/a/b` but not `/ab`. */
export function matchesPrefix(path: string, prefix: string): boolean {
  if (prefix.endsWith("/")) {
    return path.startsWith(prefix) || (path.length === prefix.length - 1 && prefix.startsWith(path));
  }
  return path.startsWith(prefix) && (path.length === prefix.length || path.charAt(prefix.length) === "/");
}
