import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { loadHashes } from "../../../src/hashes.ts";
import type { Hashes } from "../../../src/hashes.ts";
import { decideVersion } from "../../../src/split/decide.ts";
import type { DecisionInput, DecisionSettings } from "../../../src/split/decide.ts";
import { explainIdentity } from "../../../src/split/explain.ts";
import { POINTS, hashIdentity, pointOfHash } from "../../../src/split/point.ts";

interface Vectors {
  readonly vectors: readonly { salt: string; identity: string; xxh32: number; point: number }[];
}
const published: Vectors = JSON.parse(readFileSync(join(import.meta.dirname, "hash-vectors.json"), "utf8"));

let hashes: Hashes;
beforeAll(async () => {
  hashes = await loadHashes();
});

const plain: DecisionSettings = { weightPpm: 500_000, offset: 0, killSwitch: false, aborted: false };
const input: DecisionInput = { pin: null, override: null, quarantined: false, hash: 0 };
const hash32 = fc.integer({ min: 0, max: 0xffff_ffff });
const weight = fc.integer({ min: 0, max: POINTS });
const point = fc.integer({ min: 0, max: POINTS - 1 });

describe("the point of an identity", () => {
  test.each(published.vectors)("agrees with the published vector for '$salt' and '$identity'", (vector) => {
    const hash = hashIdentity(hashes.hash32, vector.salt, vector.identity);
    expect(hash).toBe(vector.xxh32);
    expect(pointOfHash(hash)).toBe(vector.point);
  });

  test("is a whole number from 0 to 999,999 for every hash", () => {
    expect(pointOfHash(0)).toBe(0);
    expect(pointOfHash(0xffff_ffff)).toBe(999_999);
    fc.assert(
      fc.property(hash32, (hash) => {
        const at = pointOfHash(hash);
        expect(Number.isInteger(at) && at >= 0 && at < POINTS).toBe(true);
        // The definition in exact integers.
        expect(BigInt(at)).toBe((BigInt(hash) * 1_000_000n) >> 32n);
      }),
    );
  });
});

describe("the decision", () => {
  test("moves nobody back to v1 when the weight grows, whatever the offset", () => {
    fc.assert(
      fc.property(hash32, weight, weight, point, (hash, a, b, offset) => {
        const small = decideVersion({ ...plain, weightPpm: Math.min(a, b), offset }, { ...input, hash });
        const large = decideVersion({ ...plain, weightPpm: Math.max(a, b), offset }, { ...input, hash });
        expect(small.version === "v2" && large.version === "v1").toBe(false);
      }),
    );
  });

  test("sends none to v2 at 0 and all at 100 %", () => {
    fc.assert(
      fc.property(hash32, point, (hash, offset) => {
        expect(decideVersion({ ...plain, weightPpm: 0, offset }, { ...input, hash }).version).toBe("v1");
        expect(decideVersion({ ...plain, weightPpm: POINTS, offset }, { ...input, hash }).version).toBe("v2");
      }),
    );
  });

  test("sends exactly the weight's share of the points to v2, wherever the cohort starts", () => {
    for (const offset of [0, 1, 250_000, 999_999]) {
      let onV2 = 0;
      for (let at = 0; at < POINTS; at += 1) {
        // The smallest hash that falls on this point.
        const hash = Math.ceil((at * 4_294_967_296) / POINTS);
        if (decideVersion({ ...plain, weightPpm: 123_456, offset }, { ...input, hash }).version === "v2")
          onV2 += 1;
      }
      expect(onV2).toBe(123_456);
    }
  });

  test.each<[string, Partial<DecisionSettings>, Partial<DecisionInput>, string, string]>([
    ["the kill switch before an override", { killSwitch: true }, { override: "v2" }, "v1", "killswitch"],
    ["an abort before an override", { aborted: true }, { override: "v2" }, "v1", "abort"],
    ["a pin to v2 before the kill switch", { killSwitch: true }, { pin: "v2" }, "v2", "pin"],
    ["a pin to v2 before an abort", { aborted: true }, { pin: "v2" }, "v2", "pin"],
    ["a pin before an override", {}, { pin: "v1", override: "v2" }, "v1", "pin"],
    ["an override before the hash", {}, { override: "v1" }, "v1", "override"],
    ["an override before a quarantine", {}, { override: "v2", quarantined: true }, "v2", "override"],
    ["a quarantine before the hash", {}, { quarantined: true }, "v1", "quarantine"],
    ["the hash last", {}, {}, "v2", "hash"],
    ["v1 for a request without identity", {}, { hash: null }, "v1", "anonymous"],
  ])("puts %s", (_name, settings, given, version, reason) => {
    const decision = decideVersion({ ...plain, ...settings }, { ...input, ...given });
    expect(decision).toMatchObject({ version, reason });
  });

  test("names the hash's own choice as the assignment, whatever overrules it", () => {
    const overruled = decideVersion({ ...plain, killSwitch: true }, { ...input, override: "v1" });
    expect(overruled).toMatchObject({ version: "v1", assignment: "v2" });
  });
});

describe("explain", () => {
  test("names the exact percentage at which an identity moves", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), point, (identity, offset) => {
        const at = explainIdentity({ ...plain, salt: "cms-v2", offset }, hashes.hash32, identity);
        const moveAtPpm = Math.round(at.movesAtPercentage * 10_000);
        expect(moveAtPpm / 10_000).toBe(at.movesAtPercentage);
        const settings = { ...plain, salt: "cms-v2", offset };
        const onMove = explainIdentity({ ...settings, weightPpm: moveAtPpm }, hashes.hash32, identity);
        const before = explainIdentity({ ...settings, weightPpm: moveAtPpm - 1 }, hashes.hash32, identity);
        expect([before.version, onMove.version]).toEqual(["v1", "v2"]);
      }),
    );
  });
});
