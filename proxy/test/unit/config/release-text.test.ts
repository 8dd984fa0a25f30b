import { describe, expect, test } from "vitest";
import { parseDuration } from "../../../src/config/duration.ts";
import { isTimeZone, parseStep, parseWindow } from "../../../src/config/release-text.ts";

describe("parseDuration", () => {
  test.each([
    ["0s", 0],
    ["500ms", 500],
    ["90s", 90_000],
    ["15m", 900_000],
    ["12h", 43_200_000],
    ["7d", 604_800_000],
    ["1w", 604_800_000],
  ])("reads %s as %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", "7", "d", "7 d", "-1d", "1.5h", "1y", "7D", "999999999999w"])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});

describe("parseStep", () => {
  test.each([
    ["10% for 1w", { weightPpm: 100_000, holdMs: 604_800_000 }],
    ["12.5 % for 30s", { weightPpm: 125_000, holdMs: 30_000 }],
    ["100% for 0s", { weightPpm: 1_000_000, holdMs: 0 }],
  ])("reads %j", (text, step) => {
    expect(parseStep(text)).toEqual(step);
  });

  test.each(["", "10%", "10 for 1w", "0% for 1w", "101% for 1w", "10% for", "10% for 1w and more"])(
    "refuses %j",
    (text) => {
      expect(parseStep(text)).toBeNull();
    },
  );
});

describe("parseWindow", () => {
  test.each([
    ["mon-thu 09:00-16:00", { days: [1, 2, 3, 4], fromMinute: 540, toMinute: 960 }],
    ["fri 09:30-12:00", { days: [5], fromMinute: 570, toMinute: 720 }],
    ["sat-mon 00:00-24:00", { days: [6, 7, 1], fromMinute: 0, toMinute: 1440 }],
  ])("reads %j", (text, window) => {
    expect(parseWindow(text)).toEqual(window);
  });

  test.each([
    "",
    "mon",
    "mon 16:00-09:00",
    "mon 09:00-09:00",
    "mon 09:60-10:00",
    "mon 9:00-10:00",
    "mon 23:00-24:01",
    "xyz 09:00-10:00",
  ])("refuses %j", (text) => {
    expect(parseWindow(text)).toBeNull();
  });
});

test("a time zone is one that the runtime knows", () => {
  expect(["UTC", "Europe/Berlin", "America/New_York"].every(isTimeZone)).toBe(true);
  expect(["", "Mars/Olympus", "europe", "+01:00x"].some(isTimeZone)).toBe(false);
});
