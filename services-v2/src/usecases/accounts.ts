import { done, type Outcome, refuse } from "../domain/outcome.ts";
import type { Credentials } from "../domain/loose-user.ts";
import type { NewUser, User } from "../domain/user.ts";
import type { AccountStore, OpenedSession, PasswordHasher, Secrets } from "./ports.ts";

/** A session that has just been opened or renewed; the refresh token is shown this once. */
export interface SignedIn extends OpenedSession {
  readonly refreshToken: string;
}

export interface Accounts {
  register(user: NewUser): Promise<Outcome<SignedIn>>;
  /** Unknown address, wrong password and inactive user give the same answer after the same work. */
  login(credentials: Credentials): Promise<Outcome<SignedIn>>;
  refresh(refreshToken: string): Promise<Outcome<SignedIn>>;
  logout(user: User, sessionId: string | null): Promise<void>;
  identifyBySession(userId: string, sessionId: string | null): Promise<User | null>;
  identifyByApiKey(key: string): Promise<User | null>;
}

export function createAccounts(store: AccountStore, hasher: PasswordHasher, secrets: Secrets): Accounts {
  return {
    async register(user) {
      const refreshToken = secrets.newRefreshToken();
      const passwordHash = await hasher.hash(user.password);
      const opened = await store.register(user, passwordHash, secrets.hash(refreshToken));
      return typeof opened === "string"
        ? refuse({ kind: "duplicate", resource: "user", field: opened })
        : done({ ...opened, refreshToken });
    },

    async login({ email, password }) {
      const found = await store.findPassword(email);
      const matches = await hasher.verify(password, found?.hash ?? null);
      if (found === null || !matches || !found.isActive) return refuse({ kind: "bad_credentials" });
      const refreshToken = secrets.newRefreshToken();
      const opened = await store.openSession(found.userId, secrets.hash(refreshToken));
      return opened === null ? refuse({ kind: "bad_credentials" }) : done({ ...opened, refreshToken });
    },

    async refresh(oldToken) {
      const refreshToken = secrets.newRefreshToken();
      const opened = await store.rotateSession(secrets.hash(oldToken), secrets.hash(refreshToken));
      return opened === null ? refuse({ kind: "bad_refresh_token" }) : done({ ...opened, refreshToken });
    },

    async logout(user, sessionId) {
      if (sessionId !== null) await store.endSession(sessionId, user.id);
    },

    identifyBySession: (userId, sessionId) => store.findBySession(userId, sessionId),
    identifyByApiKey: (key) => store.findByApiKey(secrets.hash(key)),
  };
}
