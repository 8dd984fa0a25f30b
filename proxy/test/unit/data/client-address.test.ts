import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TrustedNetworks, clientAddressOf, plainAddress } from "../../../src/data/client-address.ts";

const trusted = new TrustedNetworks(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);

describe("the client's address", () => {
  test.each([
    ["1.2.3.4", "6.6.6.6", "1.2.3.4"],
    ["10.0.0.1", undefined, "10.0.0.1"],
    ["10.0.0.1", "6.6.6.6", "6.6.6.6"],
    ["10.0.0.1", "6.6.6.6, 10.9.9.9", "6.6.6.6"],
    ["10.0.0.1", "5.5.5.5, 6.6.6.6, 10.9.9.9", "6.6.6.6"],
    ["10.0.0.1", "6.6.6.6:1234", "6.6.6.6"],
    ["10.0.0.1", "[2001:db9::1]:80", "2001:db9::1"],
    ["10.0.0.1", "::ffff:6.6.6.6", "6.6.6.6"],
    ["10.0.0.1", "unknown", "10.0.0.1"],
    ["10.0.0.1", "6.6.6.6, unknown", "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["192.0.2.7", "6.6.6.6", "6.6.6.6"],
    ["192.0.2.8", "6.6.6.6", "192.0.2.8"],
    ["2001:db8::1", "6.6.6.6", "6.6.6.6"],
    ["2001:db9::1", "6.6.6.6", "2001:db9::1"],
  ])("of peer %s with X-Forwarded-For %j is %s", (peer, forwardedFor, expected) => {
    expect(clientAddressOf(peer, forwardedFor, trusted)).toBe(expected);
  });

  test("is the peer's whatever an untrusted peer claims", () => {
    fc.assert(
      fc.property(fc.string(), (claim) => {
        expect(clientAddressOf("1.2.3.4", claim, trusted)).toBe("1.2.3.4");
      }),
    );
  });

  test("is never thrown over, whatever a trusted peer says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (claim) => {
        expect(clientAddressOf("10.0.0.1", claim, trusted)).not.toBe("");
      }),
    );
  });

  test("drops the IPv6 mapping of an IPv4 peer", () => {
    expect(plainAddress("::ffff:1.2.3.4")).toBe("1.2.3.4");
    expect(plainAddress("::1")).toBe("::1");
  });
});
