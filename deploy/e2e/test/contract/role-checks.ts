import { expect } from "vitest";
import type { Answer, Ask } from "./client.ts";
import { idOf, roles, writePost } from "./scene.ts";
import type { Account, Check, Role, Scene } from "./scene.ts";

interface Action {
  readonly name: string;
  /** `caller` is `undefined` for nobody in particular; `ask` carries the caller's token. */
  readonly act: (scene: Scene, ask: Ask, caller: Account | undefined) => Promise<Answer>;
  /** The status for super admin, admin, editor, author, contributor, subscriber, nobody. */
  readonly expected: readonly number[];
}

const get =
  (path: (scene: Scene, caller: Account | undefined) => string): Action["act"] =>
  (scene, ask, caller) =>
    scene.send("GET", `/api/v1${path(scene, caller)}`, ask);

const post =
  (path: (scene: Scene) => string, json: object): Action["act"] =>
  (scene, ask) =>
    scene.send("POST", `/api/v1${path(scene)}`, { ...ask, json });

const put =
  (path: (scene: Scene, caller: Account | undefined) => string, json: object): Action["act"] =>
  (scene, ask, caller) =>
    scene.send("PUT", `/api/v1${path(scene, caller)}`, { ...ask, json });

/** Deletes a post of another that was written for this. */
const erase =
  (prefix: string): Action["act"] =>
  async (scene, ask) => {
    const id = idOf(await writePost(scene, {}, scene.superAdmin.token));
    return scene.send("DELETE", `/api/v1${prefix}/posts/${id}`, ask);
  };

/** Reads or changes a draft of somebody who is none of the callers. */
const withForeignDraft =
  (method: string, rest: string, json?: object): Action["act"] =>
  async (scene, ask) => {
    const id = idOf(await writePost(scene, {}, scene.superAdmin.token));
    return scene.send(method, `/api/v1/posts/${id}${rest}`, json === undefined ? ask : { ...ask, json });
  };

/** Deactivates a user of this role, who is active and has it again before each attempt. */
const deactivate =
  (role: Role): Action["act"] =>
  async (scene, ask) => {
    const path = `/api/v1/users/${scene.doomed.id}`;
    const { token } = scene.accounts.super_admin;
    await scene.send("PUT", path, { token, json: { role, is_active: true } });
    return scene.send("DELETE", path, ask);
  };

const everybody = [200, 200, 200, 200, 200, 200, 200];
const editors = [200, 200, 200, 403, 403, 403, 401];
const seers = [200, 200, 200, 404, 404, 404, 404];
const admins = [200, 200, 403, 403, 403, 403, 401];
const superAdmins = [200, 403, 403, 403, 403, 403, 401];
const anybodyKnown = [200, 200, 200, 200, 200, 200, 401];
const own = (_scene: Scene, caller: Account | undefined): string => `/users/${caller?.id ?? "x"}`;
const newPost = { title: "By role", content: "c" };

const actions: readonly Action[] = [
  { name: "lists posts", act: get(() => "/posts"), expected: everybody },
  { name: "reads a published post", act: get((scene) => `/posts/${scene.published}`), expected: everybody },
  { name: "reads another's draft", act: withForeignDraft("GET", ""), expected: seers },
  {
    name: "writes a post",
    act: post(() => "/posts", newPost),
    expected: [201, 201, 201, 201, 403, 403, 401],
  },
  { name: "changes another's draft", act: withForeignDraft("PUT", "", {}), expected: editors },
  { name: "deletes another's post", act: erase(""), expected: editors },
  { name: "reads comments of another's draft", act: withForeignDraft("GET", "/comments"), expected: seers },
  {
    name: "comments on another's draft",
    act: withForeignDraft("POST", "/comments", { content: "c" }),
    expected: [201, 201, 201, 404, 404, 404, 401],
  },
  {
    name: "comments on a published post",
    act: post((scene) => `/posts/${scene.published}/comments`, { content: "c" }),
    expected: [201, 201, 201, 201, 201, 201, 401],
  },
  { name: "lists tags", act: get(() => "/tags"), expected: everybody },
  { name: "lists categories", act: get(() => "/categories"), expected: everybody },
  { name: "searches", act: get(() => "/search?q=a"), expected: everybody },
  { name: "asks for suggestions", act: get(() => "/search/suggest?q=a"), expected: everybody },
  { name: "reads their profile", act: get(() => "/auth/profile"), expected: anybodyKnown },
  { name: "lists users", act: get(() => "/users"), expected: admins },
  { name: "reads another user", act: get((scene) => `/users/${scene.user.id}`), expected: admins },
  { name: "reads themselves", act: get(own), expected: anybodyKnown },
  { name: "changes another user", act: put((scene) => `/users/${scene.user.id}`, {}), expected: admins },
  { name: "changes themselves", act: put(own, {}), expected: anybodyKnown },
  {
    name: "gives themselves the highest role",
    act: put(own, { role: "super_admin" }),
    expected: superAdmins,
  },
  {
    name: "changes a super admin",
    act: put((scene) => `/users/${scene.superAdmin.id}`, {}),
    expected: superAdmins,
  },
  {
    name: "makes another user a super admin",
    act: async (scene, ask) => {
      const path = `/api/v1/users/${scene.user.id}`;
      const answer = await scene.send("PUT", path, { ...ask, json: { role: "super_admin" } });
      const { token } = scene.accounts.super_admin;
      if (answer.status === 200) await scene.send("PUT", path, { token, json: { role: "subscriber" } });
      return answer;
    },
    expected: superAdmins,
  },
  {
    name: "deactivates another user",
    act: deactivate("subscriber"),
    expected: admins,
  },
  {
    name: "deactivates a super admin",
    act: deactivate("super_admin"),
    expected: superAdmins,
  },
  { name: "lists posts as admin", act: get(() => "/admin/posts"), expected: admins },
  {
    name: "writes a post as admin",
    act: post(() => "/admin/posts", newPost),
    expected: [201, 201, 403, 403, 403, 403, 401],
  },
  { name: "deletes a post as admin", act: erase("/admin"), expected: admins },
  {
    name: "makes an API key",
    act: post(() => "/api-keys", { name: "k" }),
    expected: [201, 201, 201, 201, 201, 201, 401],
  },
  { name: "lists their API keys", act: get(() => "/api-keys"), expected: anybodyKnown },
];

/** Role by action, weakest first, so that what only the strongest may do spoils nothing for the others. */
export const roleChecks: readonly Check[] = actions.map(({ name, act, expected }) => ({
  name: `who ${name}: ${expected.join(" ")} from super admin to nobody`,
  run: async (scene) => {
    const nobody = await act(scene, {}, undefined);
    const statuses = [nobody.status];
    for (const role of roles.toReversed()) {
      const caller = scene.accounts[role];
      statuses.unshift((await act(scene, { token: caller.token }, caller)).status);
    }
    expect(statuses).toEqual(expected);
  },
}));
