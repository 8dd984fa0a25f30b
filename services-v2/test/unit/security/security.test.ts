import { compare, hash } from "bcryptjs";
import { describe, expect, it } from "vitest";
import { createAccessTokens } from "../../../src/security/access-token.ts";
import { createPasswordHasher } from "../../../src/security/password-hasher.ts";
import { createSecrets } from "../../../src/security/secrets.ts";

const secret = "a secret of the tests, 32 or more";
const userId = "0b0f2f6a-5a35-4b3e-9d5e-0a3a6a0f8a11";
const sessionId = "11111111-2222-4333-8444-555555555555";

describe("access tokens", () => {
  const tokens = createAccessTokens(secret);
  const issued = tokens.issue({ userId, sessionId, role: "author" }, 1_000_000_500);

  it("carry user, role, session and an hour to live", () => {
    const [head, body] = issued.split(".").map((part) => Buffer.from(part, "base64url").toString());
    expect(head).toBe('{"alg":"HS256","typ":"JWT"}');
    expect(JSON.parse(body ?? "")).toEqual({
      sub: userId,
      role: "author",
      sid: sessionId,
      iat: 1_000_000,
      exp: 1_003_600,
    });
  });

  it("are valid until they run out, and not a millisecond longer", () => {
    expect(tokens.verify(issued, 1_003_599_999)).toEqual({ userId, sessionId });
    expect(tokens.verify(issued, 1_003_600_000)).toBe(null);
  });

  it("may belong to no session", () => {
    const free = tokens.issue({ userId, sessionId: null, role: "author" }, 0);
    expect(tokens.verify(free, 0)).toEqual({ userId, sessionId: null });
  });

  it("are not valid with any character changed", () => {
    const forged = Array.from(issued, (character, index) => {
      const other = character === "A" ? "B" : "A";
      return issued.slice(0, index) + other + issued.slice(index + 1);
    });
    expect(forged.filter((token) => tokens.verify(token, 1_000_000_500) !== null)).toEqual([]);
  });
});

describe("password hashes", () => {
  it("are read by the pure JavaScript bcrypt of the peer, and its are read here", async () => {
    const hasher = await createPasswordHasher();
    const ours = await hasher.hash("pässword \u{1F600}");
    expect(ours).toMatch(/^\$2b\$10\$/u);
    expect(await compare("pässword \u{1F600}", ours)).toBe(true);
    const theirs = await hash("password", 10);
    expect(await hasher.verify("password", theirs)).toBe(true);
    expect(await hasher.verify("Password", theirs)).toBe(false);
    expect(await hasher.verify("no account has this password", null)).toBe(false);
  });

  it("of passwords beyond 72 bytes are cut alike on both sides", async () => {
    const hasher = await createPasswordHasher();
    const long = "é".repeat(100);
    expect(await compare(long, await hasher.hash(long))).toBe(true);
    expect(await hasher.verify(long, await hash(long, 10))).toBe(true);
  });
});

describe("opaque secrets", () => {
  it("have 32 random bytes and a stable hash", () => {
    const secrets = createSecrets();
    expect(secrets.newRefreshToken()).toMatch(/^[\w-]{43}$/u);
    expect(secrets.newApiKey()).toMatch(/^cms_[\w-]{43}$/u);
    expect(secrets.newApiKey()).not.toBe(secrets.newApiKey());
    expect(secrets.hash("a")).toBe("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  });
});
