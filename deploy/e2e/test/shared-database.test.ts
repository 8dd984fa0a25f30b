import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, pick, pickText } from "../src/ask.ts";
import { canRun } from "../src/black-box.ts";
import { findOneOfEach, logIn, newPerson, register, seededAuthor, tokenOf } from "../src/cms.ts";
import { editPercentage } from "../src/config-file.ts";
import { startStack } from "../src/target.ts";
import type { Target } from "../src/target.ts";

const directions = [
  ["v1", "v2"],
  ["v2", "v1"],
] as const;

describe.skipIf(!canRun("configFile", "adminUrl"))("both versions on one database", () => {
  let target: Target;
  let identities: { readonly v1: string; readonly v2: string };

  beforeAll(async () => {
    target = await startStack();
    await editPercentage(target, 50);
    identities = await findOneOfEach(target.proxyUrl);
  });

  afterAll(() => target?.stop());

  test.each(directions)("a user registered on %s can log in on %s", async (from, to) => {
    const person = newPerson();
    const registered = await register(target.proxyUrl, person, identities[from]);
    expect([registered.status, registered.version]).toEqual([201, from]);
    const loggedIn = await logIn(target.proxyUrl, person, identities[to]);
    expect([loggedIn.status, loggedIn.version]).toEqual([200, to]);
    expect(pick(loggedIn.body, "data", "user", "id")).toBe(pick(registered.body, "data", "user", "id"));
  });

  test.each(directions)("a token that %s issued is accepted by %s", async (from, to) => {
    const person = newPerson();
    const registered = await register(target.proxyUrl, person, identities[from]);
    const profile = await ask(`${target.proxyUrl}/api/v1/auth/profile`, {
      identity: identities[to],
      token: tokenOf(registered),
    });
    expect([profile.status, profile.version]).toEqual([200, to]);
    expect(JSON.stringify(profile.body)).toContain(person.email);
  });

  test.each(directions)("a post created by %s is read by %s, whole", async (from, to) => {
    const token = tokenOf(await logIn(target.proxyUrl, seededAuthor, identities[from]));
    const title = `From ${from} ${randomBytes(4).toString("hex")}`;
    const created = await ask(`${target.proxyUrl}/api/v1/posts`, {
      identity: identities[from],
      token,
      json: {
        title,
        content: "Long enough for both sets of rules.",
        status: "published",
        tags: ["canary", "e2e"],
      },
    });
    expect([created.status, created.version]).toEqual([201, from]);
    const id = pickText(created.body, "data", "id");
    const read = await ask(`${target.proxyUrl}/api/v1/posts/${id}`, { identity: identities[to] });
    expect([read.status, read.version]).toEqual([200, to]);
    expect(pick(read.body, "data")).toEqual(pick(created.body, "data"));
  });

  test("a post created by v1 is read in API v2, which lives on v2 whatever the split says", async () => {
    const token = tokenOf(await logIn(target.proxyUrl, seededAuthor, identities.v1));
    const created = await ask(`${target.proxyUrl}/api/v1/posts`, {
      identity: identities.v1,
      token,
      json: {
        title: `Across ${randomBytes(4).toString("hex")}`,
        content: "Written in API v1, read in API v2.",
        status: "published",
      },
    });
    expect([created.status, created.version]).toEqual([201, "v1"]);
    const slug = pickText(created.body, "data", "slug");
    const read = await ask(`${target.proxyUrl}/api/v2/posts/${slug}`, { identity: identities.v1 });
    expect([read.status, read.version]).toEqual([200, "v2"]);
    expect(pick(read.body, "id")).toBe(pick(created.body, "data", "id"));
  });
});
