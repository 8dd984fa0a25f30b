import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  createApiKey,
  createRefreshToken,
  hashSecret,
  signAccessToken,
  verifyAccessToken,
} from "../../src/tokens.ts";

const secret = "0123456789abcdef0123456789abcdef";
const sub = "11111111-1111-4111-8111-111111111111";
const sid = "22222222-2222-4222-8222-222222222222";
const now = Date.UTC(2026, 0, 1);

function sign(header: object, claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

test("a token carries its claims for one hour", () => {
  const token = signAccessToken({ sub, role: "author", sid }, secret, now);
  const iat = now / 1000;
  expect(verifyAccessToken(token, secret, now)).toEqual({ sub, role: "author", sid, iat, exp: iat + 3600 });
  expect(verifyAccessToken(token, secret, now + 3_599_999)).toBeDefined();
  expect(verifyAccessToken(token, secret, now + 3_600_000)).toBeUndefined();
});

test("a token without a session is accepted, one with something else in its place is not", () => {
  const claims = { sub, role: "author", iat: 1, exp: now };
  const header = { alg: "HS256", typ: "JWT" };
  expect(verifyAccessToken(sign(header, claims), secret, now)).toEqual(claims);
  for (const wrong of [{ sid: null }, { sid: "x" }, { sub: "x" }, { exp: "9999999999" }, { exp: null }]) {
    expect(verifyAccessToken(sign(header, { ...claims, ...wrong }), secret, now)).toBeUndefined();
  }
});

test.each([{ alg: "none" }, { alg: "HS512" }, { alg: "hs256" }, {}, []])(
  "a header of %j is refused although the signature is right",
  (header) => {
    expect(verifyAccessToken(sign(header, { sub, role: "admin", exp: now }), secret, now)).toBeUndefined();
  },
);

test("no change of a single character survives", () => {
  const token = signAccessToken({ sub, role: "author", sid }, secret, now);
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom("A", "_", ".", "x"), (at, character) => {
      fc.pre(token[at] !== character);
      const changed = `${token.slice(0, at)}${character}${token.slice(at + 1)}`;
      expect(verifyAccessToken(changed, secret, now)).toBeUndefined();
    }),
  );
});

test("arbitrary text is no token and no error", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(verifyAccessToken(text, secret, now)).toBeUndefined();
    }),
  );
});

test("refresh tokens and API keys have 256 random bits, and their hashes do not show them", () => {
  expect(createRefreshToken()).toMatch(/^[\w-]{43}$/u);
  expect(createApiKey()).toMatch(/^cms_[\w-]{43}$/u);
  expect(createApiKey()).not.toBe(createApiKey());
  expect(hashSecret("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
