import type { IncomingHttpHeaders } from "node:http";
import { unauthorized } from "./api-error.ts";
import type { ApiKeyStore } from "./stores/api-key-store.ts";
import type { SessionStore } from "./stores/session-store.ts";
import type { UserRow, UserStore } from "./stores/user-store.ts";
import { hashSecret, verifyAccessToken } from "./tokens.ts";

/** Who sends the request, as the database knows them now. */
export interface Caller {
  readonly user: UserRow;
  /** The session of the token; absent for API keys and for tokens that belong to none. */
  readonly sessionId: string | undefined;
}

export class Authenticator {
  readonly #users: UserStore;
  readonly #sessions: SessionStore;
  readonly #apiKeys: ApiKeyStore;
  readonly #jwtSecret: string;

  constructor(users: UserStore, sessions: SessionStore, apiKeys: ApiKeyStore, jwtSecret: string) {
    this.#users = users;
    this.#sessions = sessions;
    this.#apiKeys = apiKeys;
    this.#jwtSecret = jwtSecret;
  }

  /** Undefined when no credentials are sent. @throws ApiError 401 when they are sent and are no good. */
  async identify(headers: IncomingHttpHeaders): Promise<Caller | undefined> {
    const { authorization } = headers;
    if (authorization) return this.#byToken(authorization);
    const apiKey = headers["x-api-key"];
    if (typeof apiKey === "string" && apiKey !== "") return this.#byApiKey(apiKey);
    return undefined;
  }

  async #byToken(authorization: string): Promise<Caller> {
    const token = /^bearer +([^ ]+)$/iu.exec(authorization)?.[1];
    const claims = token === undefined ? undefined : verifyAccessToken(token, this.#jwtSecret, Date.now());
    const user = claims && (await this.#users.findById(claims.sub));
    const sessionId = claims?.sid;
    const live = sessionId === undefined || (user && (await this.#sessions.exists(sessionId, user.id)));
    if (!user?.is_active || !live) throw unauthorized("Invalid or expired token");
    return { user, sessionId };
  }

  async #byApiKey(apiKey: string): Promise<Caller> {
    const key = await this.#apiKeys.findByHash(hashSecret(apiKey));
    const user = key && (await this.#users.findById(key.user_id));
    if (!user?.is_active) throw unauthorized("Invalid API key");
    return { user, sessionId: undefined };
  }
}
