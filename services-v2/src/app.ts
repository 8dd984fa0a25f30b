import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { createLayeredCache } from "./cache/layered-cache.ts";
import { createMemoryCache } from "./cache/memory-cache.ts";
import { createRedisCache } from "./cache/redis-cache.ts";
import { createVersionedAnswers } from "./cache/versioned-answers.ts";
import { buildServer } from "./http/server.ts";
import type { Services } from "./http/services.ts";
import { createAccessTokens } from "./security/access-token.ts";
import { createPasswordHasher } from "./security/password-hasher.ts";
import { createSecrets } from "./security/secrets.ts";
import type { Settings } from "./settings.ts";
import { createAccountStore } from "./storage/account-store.ts";
import { createApiKeyStore } from "./storage/api-key-store.ts";
import { createCommentStore } from "./storage/comment-store.ts";
import { createDataVersion } from "./storage/data-version.ts";
import { createDatabase } from "./storage/database.ts";
import { createPostStore } from "./storage/post-store.ts";
import { createRateLimits } from "./storage/rate-limits.ts";
import { createSchemaCheck } from "./storage/schema-check.ts";
import { createSearchStore } from "./storage/search-store.ts";
import { createTaxonomyStore } from "./storage/taxonomy-store.ts";
import { createUserStore } from "./storage/user-store.ts";
import { createAccounts } from "./usecases/accounts.ts";
import { createApiKeys } from "./usecases/api-keys.ts";
import { createComments } from "./usecases/comments.ts";
import { createPosts } from "./usecases/posts.ts";
import { createTaxonomy } from "./usecases/taxonomy.ts";
import { createUsers } from "./usecases/users.ts";

export interface App {
  /** Binds and returns the port. */
  listen(): Promise<number>;
  /** Answers what has begun, refuses what comes, lets go of PostgreSQL and Redis. */
  stop(): Promise<void>;
}

const memoryCacheBytes = 64 * 1024 * 1024;

/** Puts the layers together: everything with a state is made here, once, and handed inwards. */
export async function createApp(settings: Settings, log: FastifyBaseLogger): Promise<App> {
  const database = createDatabase({
    url: settings.databaseUrl,
    poolSize: settings.poolSize,
    onIdleError: (error) => log.warn({ err: error }, "an idle connection to postgresql was lost"),
  });
  const memory = createMemoryCache(memoryCacheBytes);
  const cache =
    settings.redisUrl === null
      ? memory
      : createLayeredCache(memory, createRedisCache(settings.redisUrl, log));
  const secrets = createSecrets();
  const hasher = await createPasswordHasher();
  const postStore = createPostStore(database);
  const userStore = createUserStore(database);
  const taxonomyStore = createTaxonomyStore(database);
  const checkSchema = createSchemaCheck(database);
  let stopping = false;

  const services: Services = {
    accounts: createAccounts(createAccountStore(database), hasher, secrets),
    posts: createPosts(postStore),
    comments: createComments(createCommentStore(database), postStore),
    users: createUsers(userStore, hasher),
    userLists: userStore,
    taxonomy: createTaxonomy(taxonomyStore),
    taxonomyLists: taxonomyStore,
    apiKeys: createApiKeys(createApiKeyStore(database), secrets),
    search: createSearchStore(database),
    rateLimits: createRateLimits(database),
    rateLimitSettings: settings.rateLimits,
    tokens: createAccessTokens(settings.jwtSecret),
    answers: createVersionedAnswers(cache, createDataVersion(database)),
    readiness: async () => (stopping ? "stopping" : checkSchema()),
    isStopping: () => stopping,
    now: Date.now,
    userExists: async (id) => (await userStore.find(id)) !== null,
  };
  const server: FastifyInstance = await buildServer(services, log);

  return {
    async listen() {
      await server.listen({ host: settings.host, port: settings.port });
      const address = server.server.address();
      if (address === null || typeof address === "string") throw new Error("the server listens on no port");
      return address.port;
    },
    async stop() {
      stopping = true;
      await server.close();
      await Promise.all([database.close(), cache.close()]);
    },
  };
}
