import type { RateLimitSettings } from "../settings.ts";
import type { AccessTokens } from "../security/access-token.ts";
import type { Accounts } from "../usecases/accounts.ts";
import type { ApiKeys } from "../usecases/api-keys.ts";
import type { Comments } from "../usecases/comments.ts";
import type { RateLimits, SearchStore, TaxonomyStore, UserStore } from "../usecases/ports.ts";
import type { Posts } from "../usecases/posts.ts";
import type { Taxonomy } from "../usecases/taxonomy.ts";
import type { Users } from "../usecases/users.ts";
import type { Readiness } from "./health-routes.ts";

/** Works an answer out, or takes it from the cache while the data is unchanged; `cache/versioned-answers.ts`. */
export type Answers = (key: string, work: () => Promise<string>) => Promise<string>;

/** All that the routes stand on. Plain lists and searches have no rules of their own and go to their stores. */
export interface Services {
  readonly accounts: Accounts;
  readonly posts: Posts;
  readonly comments: Comments;
  readonly users: Users;
  readonly userLists: Pick<UserStore, "list">;
  readonly taxonomy: Taxonomy;
  readonly taxonomyLists: Pick<
    TaxonomyStore,
    "listTagsInUse" | "listCategoriesInUse" | "listTags" | "listCategories"
  >;
  readonly apiKeys: ApiKeys;
  readonly search: SearchStore;
  readonly rateLimits: RateLimits;
  readonly rateLimitSettings: RateLimitSettings;
  readonly tokens: AccessTokens;
  readonly answers: Answers;
  readonly readiness: Readiness;
  /** Whether the process has been told to stop. */
  readonly isStopping: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether this user exists; for admins who name an author. */
  readonly userExists: (id: string) => Promise<boolean>;
}
