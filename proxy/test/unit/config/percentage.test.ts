import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPercentage, parsePercentage } from "../../../src/config/percentage.ts";

describe("parsePercentage", () => {
  test.each([
    ["0", 0],
    ["100", 1_000_000],
    ["12.5", 125_000],
    ["0.0001", 1],
    ["99.9999", 999_999],
    ["33.3333", 333_333],
    ["007", 70_000],
    ["12.50000", 125_000],
    ["0.29", 2900],
  ])("reads %s as %i ppm", (text, weightPpm) => {
    expect(parsePercentage(text)).toBe(weightPpm);
  });

  test.each([
    "",
    " ",
    "-1",
    "+1",
    "100.0001",
    "101",
    "1000",
    "0.00001",
    "1e1",
    "1,5",
    "0x10",
    ".5",
    "5.",
    "5%",
    "NaN",
    "١٢",
  ])("refuses %j", (text) => {
    expect(parsePercentage(text)).toBeNull();
  });

  test("gives every weight back that formatPercentage wrote, and every one that a float carries", () => {
    const wrong: number[] = [];
    for (let weightPpm = 0; weightPpm <= 1_000_000; weightPpm += 1) {
      const written = parsePercentage(formatPercentage(weightPpm));
      const asFloat = parsePercentage(String(weightPpm / 10_000));
      if (written !== weightPpm || asFloat !== weightPpm) {
        wrong.push(weightPpm);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("agrees with integer arithmetic on any whole part and decimals", () => {
    const decimals = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), decimals, (whole, digits) => {
        const text = digits.length === 0 ? String(whole) : `${whole}.${digits.join("")}`;
        const scale = 10n ** BigInt(digits.length);
        const scaled = BigInt(whole) * scale + BigInt(`0${digits.join("")}`);
        const exact = (scaled * 10_000n) % scale === 0n;
        const weightPpm = (scaled * 10_000n) / scale;
        const expected = exact && weightPpm <= 1_000_000n ? Number(weightPpm) : null;
        expect(parsePercentage(text)).toBe(expected);
      }),
    );
  });

  test("never lets any text out of the range", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String)), (text) => {
        const weightPpm = parsePercentage(text);
        expect(
          weightPpm === null || (Number.isInteger(weightPpm) && weightPpm >= 0 && weightPpm <= 1_000_000),
        ).toBe(true);
      }),
    );
  });
});

describe("formatPercentage", () => {
  test.each([
    [0, "0"],
    [1, "0.0001"],
    [125_000, "12.5"],
    [100_000, "10"],
    [1_000_000, "100"],
  ])("writes %i ppm as %s", (weightPpm, text) => {
    expect(formatPercentage(weightPpm)).toBe(text);
  });
});
