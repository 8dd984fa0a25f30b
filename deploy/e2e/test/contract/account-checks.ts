import { expect } from "vitest";
import { accountOf, idOf, logIn, password, register, unique } from "./scene.ts";
import type { Check } from "./scene.ts";

const userKeys =
  "id username email first_name last_name role is_active email_verified last_login created_at updated_at";
const authKeys = "user access_token refresh_token expires_in session_id";

const registering: readonly Check[] = [
  {
    name: "registering answers with user, tokens and session, every key in its order",
    run: async ({ send }) => {
      const name = unique();
      const json = {
        username: name,
        email: `${name}@example.com`,
        password,
        first_name: " Ada ",
        last_name: "",
      };
      const answer = await send("POST", "/api/v1/auth/register", { json });
      expect(answer.status).toBe(201);
      expect(Object.keys(Object(answer.data)).join(" ")).toBe(authKeys);
      expect(Object.keys(Object(answer.at("data", "user"))).join(" ")).toBe(userKeys);
      expect(answer.at("data", "user")).toMatchObject({
        username: name,
        email: `${name}@example.com`,
        first_name: "Ada",
        last_name: null,
        role: "subscriber",
        is_active: true,
        email_verified: false,
        last_login: null,
      });
      expect(answer.at("data", "expires_in")).toBe(3600);
      expect(answer.text).not.toContain("password");
    },
  },
  {
    name: "nobody registers as anything but a subscriber",
    run: async ({ send }) => {
      const name = unique();
      const json = {
        username: name,
        email: `${name}@example.com`,
        password,
        role: "admin",
        is_active: false,
      };
      const answer = await send("POST", "/api/v1/auth/register", { json });
      expect([answer.at("data", "user", "role"), answer.at("data", "user", "is_active")]).toEqual([
        "subscriber",
        true,
      ]);
    },
  },
  {
    name: "emails are trimmed and stored in lower case, usernames trimmed and kept in their case",
    run: async ({ send }) => {
      const name = unique();
      const json = {
        username: ` ${name.toUpperCase()} `,
        email: ` ${name.toUpperCase()}@Example.COM `,
        password,
      };
      const answer = await send("POST", "/api/v1/auth/register", { json });
      expect(answer.at("data", "user", "email")).toBe(`${name}@example.com`);
      expect(answer.at("data", "user", "username")).toBe(name.toUpperCase());
    },
  },
  {
    name: "a taken email is reported, in any case, and before a taken username",
    run: async ({ send, user }) => {
      const json = { username: user.username, email: user.email.toUpperCase(), password };
      const answer = await send("POST", "/api/v1/auth/register", { json });
      expect([answer.status, answer.error]).toEqual([409, "A user with this email already exists"]);
    },
  },
  {
    name: "a taken username is reported",
    run: async ({ send, user }) => {
      const json = { username: user.username, email: `${unique()}@example.com`, password };
      const answer = await send("POST", "/api/v1/auth/register", { json });
      expect([answer.status, answer.error]).toEqual([409, "A user with this username already exists"]);
    },
  },
  {
    name: "of four that register the same name at once exactly one succeeds",
    run: async ({ send }) => {
      const name = unique();
      const json = { username: name, email: `${name}@example.com`, password };
      const all = await Promise.all(
        Array.from({ length: 4 }, () => send("POST", "/api/v1/auth/register", { json })),
      );
      expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
    },
  },
];

const loggingIn: readonly Check[] = [
  {
    name: "logging in sets the time of the last login and nothing else",
    run: async ({ send, user }) => {
      const json = { email: ` ${user.email.toUpperCase()} `, password };
      const answer = await send("POST", "/api/v1/auth/login", { json });
      expect(answer.status).toBe(200);
      expect(answer.at("data", "user", "last_login")).not.toBeNull();
      expect(answer.at("data", "user", "updated_at")).toBe(answer.at("data", "user", "created_at"));
    },
  },
  {
    name: "a wrong email and a wrong password read the same",
    run: async ({ send, user }) => {
      const wrong = await send("POST", "/api/v1/auth/login", {
        json: { email: user.email, password: "wrong" },
      });
      const unknown = await send("POST", "/api/v1/auth/login", {
        json: { email: `${unique()}@example.com`, password },
      });
      expect([wrong.status, wrong.error]).toEqual([401, "Invalid email or password"]);
      expect([unknown.status, unknown.text]).toEqual([wrong.status, wrong.text]);
    },
  },
  {
    name: "logging in asks for both fields, as texts, and for nothing else",
    run: async ({ send }) => {
      const path = "/api/v1/auth/login";
      expect((await send("POST", path, { json: {} })).problems).toEqual([
        "email is required",
        "password is required",
      ]);
      expect((await send("POST", path, { json: { email: 1, password: "\u0000" } })).problems).toEqual([
        "email must be a string",
        "password must not contain the NUL character",
      ]);
      expect((await send("POST", path, { json: { email: "no address", password: "" } })).status).toBe(401);
    },
  },
  {
    name: "a deactivated user reads the same as a wrong password, and its tokens are dead",
    run: async ({ send, accounts }) => {
      const gone = await register(send);
      await send("DELETE", `/api/v1/users/${gone.id}`, { token: accounts.admin.token });
      const answer = await send("POST", "/api/v1/auth/login", { json: { email: gone.email, password } });
      expect([answer.status, answer.error]).toEqual([401, "Invalid email or password"]);
      expect((await send("GET", "/api/v1/auth/profile", { token: gone.token })).status).toBe(401);
      const json = { refresh_token: gone.refresh };
      expect((await send("POST", "/api/v1/auth/refresh", { json })).status).toBe(401);
    },
  },
];

const sessions: readonly Check[] = [
  {
    name: "refreshing keeps the session and the user, and kills the old refresh token",
    run: async ({ send, user }) => {
      const first = await logIn(send, user.email);
      const json = { refresh_token: first.refresh };
      const answer = await send("POST", "/api/v1/auth/refresh", { json });
      expect(answer.status).toBe(200);
      const second = accountOf(answer);
      expect([second.session, second.id]).toEqual([first.session, first.id]);
      expect(second.refresh).not.toBe(first.refresh);
      const again = await send("POST", "/api/v1/auth/refresh", { json });
      expect([again.status, again.error]).toEqual([401, "Invalid or expired refresh token"]);
      expect((await send("GET", "/api/v1/auth/profile", { token: second.token })).status).toBe(200);
    },
  },
  {
    name: "of six that use one refresh token at once exactly one wins",
    run: async ({ send, user }) => {
      const { refresh } = await logIn(send, user.email);
      const json = { refresh_token: refresh };
      const all = await Promise.all(
        Array.from({ length: 6 }, () => send("POST", "/api/v1/auth/refresh", { json })),
      );
      expect(all.filter(({ status }) => status === 200).length).toBe(1);
      expect(all.filter(({ status }) => status === 401).length).toBe(5);
    },
  },
  {
    name: "refreshing without a token, or with none that is one, is refused",
    run: async ({ send }) => {
      const path = "/api/v1/auth/refresh";
      expect((await send("POST", path, { json: {} })).problems).toEqual(["refresh_token is required"]);
      const number = await send("POST", path, { json: { refresh_token: 1 } });
      expect(number.problems).toEqual(["refresh_token must be a string"]);
      expect((await send("POST", path, { json: { refresh_token: "x" } })).status).toBe(401);
    },
  },
  {
    name: "logging out ends this session at once, and no other",
    run: async ({ send, user }) => {
      const first = await logIn(send, user.email);
      const second = await logIn(send, user.email);
      const answer = await send("POST", "/api/v1/auth/logout", { token: first.token });
      expect([answer.status, answer.data]).toEqual([200, { message: "Logged out successfully" }]);
      const after = await send("GET", "/api/v1/auth/profile", { token: first.token });
      expect([after.status, after.error]).toEqual([401, "Invalid or expired token"]);
      const json = { refresh_token: first.refresh };
      expect((await send("POST", "/api/v1/auth/refresh", { json })).status).toBe(401);
      expect((await send("GET", "/api/v1/auth/profile", { token: second.token })).status).toBe(200);
    },
  },
  {
    name: "the profile is the user's own record",
    run: async ({ send, accounts }) => {
      const answer = await send("GET", "/api/v1/auth/profile", { token: accounts.contributor.token });
      expect(Object.keys(Object(answer.data)).join(" ")).toBe(userKeys);
      expect(answer.data).toMatchObject({ id: accounts.contributor.id, role: "contributor" });
    },
  },
];

const badTokens: readonly (readonly [what: string, spoil: (token: string) => string])[] = [
  ["nonsense", () => "nonsense"],
  ["three dots", () => "..."],
  ["no signature", (token) => token.slice(0, token.lastIndexOf(".") + 1)],
  ["another signature", (token) => `${token.slice(0, -8)}AAAAAAAA`],
  [
    "the algorithm none",
    (token) => `${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${token.split(".")[1]}.`,
  ],
  [
    "a stronger role written into it",
    (token) => {
      const [head = "", payload = "", signature = ""] = token.split(".");
      const claims = Buffer.from(payload, "base64url").toString().replace("subscriber", "super_admin");
      return `${head}.${Buffer.from(claims).toString("base64url")}.${signature}`;
    },
  ],
];

const spoiled: readonly Check[] = badTokens.map(([what, spoil]) => ({
  name: `a token with ${what} is refused`,
  run: async ({ send, accounts }) => {
    const token = spoil(accounts.subscriber.token);
    const answer = await send("GET", "/api/v1/auth/profile", { token });
    expect([answer.status, answer.error]).toEqual([401, "Invalid or expired token"]);
  },
}));

const credentials: readonly Check[] = [
  {
    name: "the scheme may be written in any case, and another scheme is no token",
    run: async ({ send, accounts }) => {
      const ask = (authorization: string): Promise<{ readonly status: number }> =>
        send("GET", "/api/v1/auth/profile", { headers: { authorization } });
      expect((await ask(`bEARER ${accounts.subscriber.token}`)).status).toBe(200);
      expect((await ask("Basic dXNlcjpwYXNz")).status).toBe(401);
      expect((await ask(accounts.subscriber.token)).status).toBe(401);
    },
  },
  {
    name: "bad credentials are refused where they are optional, and ignored where none are taken",
    run: async ({ send }) => {
      expect((await send("GET", "/api/v1/posts", { token: "bad" })).status).toBe(401);
      const key = await send("GET", "/api/v1/posts", { apiKey: "cms_bad" });
      expect([key.status, key.error]).toEqual([401, "Invalid API key"]);
      expect((await send("GET", "/api/v1/tags", { token: "bad" })).status).toBe(200);
      expect((await send("GET", "/api/v1/search?q=a", { apiKey: "bad" })).status).toBe(200);
    },
  },
  {
    name: "an API key is shown once, works in place of a token, and is dead when revoked",
    run: async ({ send, accounts }) => {
      const { token, id } = accounts.contributor;
      const made = await send("POST", "/api/v1/api-keys", { token, json: { name: " ci " } });
      expect(made.status).toBe(201);
      expect(Object.keys(Object(made.data)).join(" ")).toBe("id name prefix created_at key");
      const apiKey = made.textAt("data", "key");
      expect([made.at("data", "name"), made.at("data", "prefix")]).toEqual(["ci", apiKey.slice(0, 12)]);
      expect((await send("GET", "/api/v1/auth/profile", { apiKey })).at("data", "id")).toBe(id);
      const listed = await send("GET", "/api/v1/api-keys", { token });
      expect(listed.text).toContain(idOf(made));
      expect(listed.text).not.toContain(apiKey);
      const revoked = await send("DELETE", `/api/v1/api-keys/${idOf(made)}`, { token });
      expect(revoked.data).toEqual({ message: "API key revoked successfully" });
      const after = await send("GET", "/api/v1/auth/profile", { apiKey });
      expect([after.status, after.error]).toEqual([401, "Invalid API key"]);
    },
  },
  {
    name: "a key of somebody else is not found",
    run: async ({ send, accounts }) => {
      const { token } = accounts.contributor;
      const made = await send("POST", "/api/v1/api-keys", { token, json: { name: "mine" } });
      const path = `/api/v1/api-keys/${idOf(made)}`;
      const answer = await send("DELETE", path, { token: accounts.super_admin.token });
      expect([answer.status, answer.error]).toEqual([404, "API key not found"]);
      expect((await send("DELETE", path, { token })).status).toBe(200);
    },
  },
  {
    name: "of token and API key the token counts",
    run: async ({ send, accounts }) => {
      const answer = await send("GET", "/api/v1/auth/profile", {
        token: accounts.subscriber.token,
        apiKey: "cms_bad",
      });
      expect(answer.at("data", "id")).toBe(accounts.subscriber.id);
    },
  },
  {
    name: "a new role holds from the next request on, with the same token",
    run: async ({ send, accounts }) => {
      const user = await register(send);
      const json = { title: "t", content: "c" };
      expect((await send("POST", "/api/v1/posts", { token: user.token, json })).status).toBe(403);
      const { token } = accounts.admin;
      await send("PUT", `/api/v1/users/${user.id}`, { token, json: { role: "author" } });
      expect((await send("POST", "/api/v1/posts", { token: user.token, json })).status).toBe(201);
    },
  },
];

/** Registering, logging in, sessions and credentials. */
export const accountChecks = [...registering, ...loggingIn, ...sessions, ...spoiled, ...credentials];
