import { describe, expect, test } from "vitest";
import { compileDeprecation, findInDeprecation, parseDate } from "../../../src/config/deprecation.ts";

describe("parseDate", () => {
  test.each([
    ["2026-06-01", "2026-06-01T00:00:00.000Z"],
    ["2026-06-01T12:30:00Z", "2026-06-01T12:30:00.000Z"],
    ["Mon, 01 Jun 2026 00:00:00 GMT", "2026-06-01T00:00:00.000Z"],
  ])("reads %s", (text, iso) => {
    expect(parseDate(text)).toBe(Date.parse(iso));
  });

  test.each([
    "Tue, 01 Jun 2026 00:00:00 GMT",
    "Wed, 31 Jun 2026 00:00:00 GMT",
    "2026-06-31",
    "2026-13-01",
    "1 June 2026",
    "2026-06-01T12:30:00+02:00",
    "",
    20260601,
  ])("refuses %j", (value) => {
    expect(parseDate(value)).toBeNull();
  });
});

describe("a route's deprecation", () => {
  const paths = (value: unknown): string[] => findInDeprecation(value, "/api/v1/", "x").map(({ at }) => at);

  test("is refused for each thing wrong with it", () => {
    expect(paths({ since: "2026-06-01", sunset: "2027-06-01", successor: "/api/v2/" })).toEqual([]);
    expect(paths({})).toEqual(["x.since"]);
    expect(paths({ since: "2026-06-01", sunset: "2026-05-31" })).toEqual(["x.sunset"]);
    expect(paths({ since: "2026-06-01", successor: "/api/v2" })).toEqual(["x.successor"]);
    expect(paths({ since: "2026-06-01", until: "2027-06-01" })).toEqual(["x.until"]);
    expect(paths("soon")).toEqual(["x"]);
  });

  test("is compiled to the two header formats", () => {
    expect(compileDeprecation({ since: "2026-06-01", sunset: "2027-06-01" })).toEqual({
      deprecation: "@1780272000",
      sunset: "Tue, 01 Jun 2027 00:00:00 GMT",
      successor: null,
    });
  });
});
