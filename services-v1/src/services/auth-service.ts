import { conflict, unauthorized } from "../api-error.ts";
import { violatedUniqueConstraint } from "../database.ts";
import { hashPassword, verifyPassword } from "../passwords.ts";
import { presentUser } from "../present.ts";
import type { SessionStore } from "../stores/session-store.ts";
import type { NewUser, UserRow, UserStore } from "../stores/user-store.ts";
import { accessTokenSeconds, createRefreshToken, hashSecret, signAccessToken } from "../tokens.ts";

export interface AuthAnswer {
  readonly user: object;
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly session_id: string;
}

export interface Registration extends Omit<NewUser, "passwordHash"> {
  readonly password: string;
}

export class AuthService {
  readonly #users: UserStore;
  readonly #sessions: SessionStore;
  readonly #jwtSecret: string;

  constructor(users: UserStore, sessions: SessionStore, jwtSecret: string) {
    this.#users = users;
    this.#sessions = sessions;
    this.#jwtSecret = jwtSecret;
  }

  /** @throws ApiError 409 when the email or the username is taken. */
  async register({ password, ...registration }: Registration): Promise<AuthAnswer> {
    await refuseTaken(this.#users, registration.email, registration.username);
    const passwordHash = await hashPassword(password);
    let user: UserRow;
    try {
      user = await this.#users.insert({ ...registration, passwordHash });
    } catch (error) {
      throw takenError(error) ?? error;
    }
    return this.#openSession(user);
  }

  /** @throws ApiError 401, the same and after the same work whatever was wrong. */
  async login(email: string, password: string): Promise<AuthAnswer> {
    const user = await this.#users.findByEmail(email);
    const matches = await verifyPassword(password, user?.password_hash);
    if (!user || !matches || !user.is_active) throw unauthorized("Invalid email or password");
    return this.#openSession(await this.#users.touchLastLogin(user.id));
  }

  /** @throws ApiError 401 when the token opens no session. */
  async refresh(refreshToken: string): Promise<AuthAnswer> {
    const next = createRefreshToken();
    const session = await this.#sessions.rotate(hashSecret(refreshToken), hashSecret(next));
    const user = session && (await this.#users.findById(session.user_id));
    if (!session || !user) throw unauthorized("Invalid or expired refresh token");
    return this.#answer(user, session.id, next);
  }

  async logout(sessionId: string | undefined): Promise<void> {
    if (sessionId !== undefined) await this.#sessions.close(sessionId);
  }

  async #openSession(user: UserRow): Promise<AuthAnswer> {
    const refreshToken = createRefreshToken();
    const sessionId = await this.#sessions.open(user.id, hashSecret(refreshToken));
    return this.#answer(user, sessionId, refreshToken);
  }

  #answer(user: UserRow, sessionId: string, refreshToken: string): AuthAnswer {
    const claims = { sub: user.id, role: user.role, sid: sessionId };
    return {
      user: presentUser(user),
      access_token: signAccessToken(claims, this.#jwtSecret, Date.now()),
      refresh_token: refreshToken,
      expires_in: accessTokenSeconds,
      session_id: sessionId,
    };
  }
}

const emailTaken = "A user with this email already exists";
const usernameTaken = "A user with this username already exists";

/** @throws ApiError 409 when another user than `exceptId` has the email or the username. */
export async function refuseTaken(
  users: UserStore,
  email: string,
  username: string,
  exceptId?: string,
): Promise<void> {
  const withEmail = await users.findByEmail(email);
  if (withEmail && withEmail.id !== exceptId) throw conflict(emailTaken);
  const withUsername = await users.findByUsername(username);
  if (withUsername && withUsername.id !== exceptId) throw conflict(usernameTaken);
}

/** The 409 for a write that lost a race against another with the same email or username. */
export function takenError(error: unknown): Error | undefined {
  switch (violatedUniqueConstraint(error)) {
    case "users_email_key":
      return conflict(emailTaken);
    case "users_username_key":
      return conflict(usernameTaken);
    default:
      return undefined;
  }
}
