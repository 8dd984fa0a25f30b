import { expect } from "vitest";
import { column, logIn, password, register, unique, writePost } from "./scene.ts";
import type { Check, Scene } from "./scene.ts";
import type { Answer } from "./client.ts";

const missing = "00000000-0000-4000-8000-000000000000";

const change = (scene: Scene, id: string, json: object, token: string): Promise<Answer> =>
  scene.send("PUT", `/api/v1/users/${id}`, { token, json });

/** Users, and what admins do. */
export const userChecks: readonly Check[] = [
  {
    name: "everybody may change their own names, and nothing that is for admins",
    run: async (scene) => {
      const { user } = scene;
      const json = { first_name: " Ada ", last_name: "L", password: "ignored it is", id: "x" };
      const answer = await change(scene, user.id, json, user.token);
      expect([answer.status, answer.at("data", "first_name"), answer.at("data", "last_name")]).toEqual([
        200,
        "Ada",
        "L",
      ]);
      for (const fields of [{ role: "subscriber" }, { is_active: true }, { email_verified: true }]) {
        expect((await change(scene, user.id, fields, user.token)).status).toBe(403);
      }
      expect((await change(scene, user.id, { role: null, is_active: null }, user.token)).status).toBe(200);
      await logIn(scene.send, user.email);
    },
  },
  {
    name: "names and addresses of others are refused on change, the email first",
    run: async (scene) => {
      const { user, superAdmin } = scene;
      const { email, username } = superAdmin;
      const both = await change(scene, user.id, { email, username }, user.token);
      expect([both.status, both.error]).toEqual([409, "A user with this email already exists"]);
      const name = await change(scene, user.id, { username }, user.token);
      expect(name.error).toBe("A user with this username already exists");
      expect((await change(scene, user.id, { username: user.username }, user.token)).status).toBe(200);
    },
  },
  {
    name: "wrong fields of a user are named",
    run: async (scene) => {
      const json = { username: "x", email: "y", first_name: 1 };
      const answer = await change(scene, scene.user.id, json, scene.user.token);
      expect(answer.problems).toEqual([
        "username must be between 3 and 50 characters",
        "email must be a valid email address",
        "first_name must be a string",
      ]);
    },
  },
  {
    name: "an admin sets role and flags",
    run: async (scene) => {
      const json = { role: "contributor", email_verified: true };
      const answer = await change(scene, scene.user.id, json, scene.accounts.admin.token);
      expect([answer.at("data", "role"), answer.at("data", "email_verified")]).toEqual(["contributor", true]);
      const back = { role: "subscriber", email_verified: false };
      expect((await change(scene, scene.user.id, back, scene.accounts.admin.token)).status).toBe(200);
    },
  },
  {
    name: "a user who does not exist is 404 for admins and 403 for everybody else",
    run: async ({ send, accounts }) => {
      for (const id of [missing, "x"]) {
        const found = await send("GET", `/api/v1/users/${id}`, { token: accounts.admin.token });
        expect([found.status, found.error]).toEqual([404, "User not found"]);
        expect((await send("GET", `/api/v1/users/${id}`, { token: accounts.editor.token })).status).toBe(403);
        expect((await send("DELETE", `/api/v1/users/${id}`, { token: accounts.admin.token })).status).toBe(
          404,
        );
      }
    },
  },
  {
    name: "deactivating ends every session, may be done twice, and can be undone",
    run: async (scene) => {
      const user = await register(scene.send);
      const { token } = scene.accounts.admin;
      for (let time = 0; time < 2; time += 1) {
        const answer = await scene.send("DELETE", `/api/v1/users/${user.id}`, { token });
        expect(answer.data).toEqual({ message: "User deactivated successfully" });
      }
      expect((await scene.send("GET", "/api/v1/auth/profile", { token: user.token })).status).toBe(401);
      const back = await change(scene, user.id, { is_active: true }, token);
      expect(back.at("data", "is_active")).toBe(true);
      expect((await scene.send("GET", "/api/v1/auth/profile", { token: user.token })).status).toBe(401);
      await logIn(scene.send, user.email, password);
    },
  },
  {
    name: "is_active false does what DELETE does",
    run: async (scene) => {
      const user = await register(scene.send);
      const answer = await change(scene, user.id, { is_active: false }, scene.accounts.admin.token);
      expect(answer.at("data", "is_active")).toBe(false);
      const json = { refresh_token: user.refresh };
      expect((await scene.send("POST", "/api/v1/auth/refresh", { json })).status).toBe(401);
    },
  },
  {
    name: "users are listed by username in code point order",
    run: async ({ send, accounts }) => {
      const { token } = accounts.admin;
      const up = column(await send("GET", "/api/v1/users?sort=username&limit=10", { token }), "username");
      expect(up).toEqual(
        up.toSorted((a, b) => Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))),
      );
      const newest = column(await send("GET", "/api/v1/users?limit=10", { token }), "created_at");
      expect(newest).toEqual(newest.toSorted((a, b) => String(b).localeCompare(String(a), "en")));
    },
  },
  {
    name: "an admin writes for another author, and for nobody in particular as themselves",
    run: async ({ send, accounts }) => {
      const { token, id } = accounts.admin;
      const write = (json: object): Promise<Answer> => send("POST", "/api/v1/admin/posts", { token, json });
      const other = await write({ title: "t", content: "c", author_id: accounts.author.id });
      expect([other.status, other.at("data", "author_id")]).toEqual([201, accounts.author.id]);
      expect((await write({ title: unique(), content: "c" })).at("data", "author_id")).toBe(id);
    },
  },
  {
    name: "admins list drafts of others and delete them",
    run: async (scene) => {
      const tag = unique();
      const post = await writePost(scene, { tags: [tag] });
      const { token } = scene.accounts.admin;
      const list = await scene.send("GET", `/api/v1/admin/posts?tag=${tag}&status=draft`, { token });
      expect(column(list, "id")).toEqual([post.at("data", "id")]);
      const path = `/api/v1/admin/posts/${post.textAt("data", "id")}`;
      const gone = await scene.send("DELETE", path, { token });
      expect(gone.data).toEqual({ message: "Post deleted successfully" });
      expect((await scene.send("DELETE", path, { token })).error).toBe("Post not found");
    },
  },
];
