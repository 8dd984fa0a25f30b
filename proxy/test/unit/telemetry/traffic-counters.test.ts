import { describe, expect, test } from "vitest";
import { SlabReader, SlabSlice, createSlab } from "../../../src/telemetry/slab.ts";
import { readTraffic, slowThresholdMs } from "../../../src/telemetry/traffic-counters.ts";

function slabOfTwo(): { slices: readonly [SlabSlice, SlabSlice]; reader: SlabReader } {
  const slab = createSlab(2);
  return { slices: [new SlabSlice(slab, 0), new SlabSlice(slab, 1)], reader: new SlabReader(slab) };
}

describe("readTraffic", () => {
  test("counts what the hash placed, by assignment: a rescue is a request of v2 and its failure", () => {
    const { slices, reader } = slabOfTwo();
    const [one, two] = slices;
    one.countRequest("v1", 0, 200, "hash");
    two.countRequest("v1", 0, 500, "hash");
    one.countRequest("v2", 0, 200, "hash");
    two.countRequest("v2", 0, 503, "hash");
    two.countRequest("v1", 0, 200, "rescue");
    const traffic = readTraffic(reader, [0], 500);
    expect(traffic.v1).toMatchObject({ requests: 2, failures: 1 });
    expect(traffic.v2).toMatchObject({ requests: 3, failures: 2 });
  });

  test("leaves out overrides, pins, clients that went away and routes that do not count", () => {
    const { slices, reader } = slabOfTwo();
    const [one] = slices;
    one.countRequest("v2", 0, 500, "override");
    one.countRequest("v2", 0, 500, "pin");
    one.countRequest("v2", 0, 499, "hash");
    one.countRequest("v2", 1, 500, "hash");
    expect(readTraffic(reader, [0], 500).v2).toEqual({ requests: 0, failures: 0, overP99Limit: 0 });
  });

  test("counts as over the limit what lies above the bound that the limit is rounded up to", () => {
    const { slices, reader } = slabOfTwo();
    const [one] = slices;
    for (const ms of [100, 500, 501, 20_000]) {
      one.countRequest("v1", 0, 200, "hash");
      one.observeDuration("v1", 0, ms);
    }
    expect(readTraffic(reader, [0], 500).v1.overP99Limit).toBe(2);
    expect(readTraffic(reader, [0], 400).v1.overP99Limit).toBe(2);
    expect(readTraffic(reader, [0], 60_000).v1.overP99Limit).toBe(1);
  });
});

describe("slowThresholdMs", () => {
  test("is the bucket bound of v1's p99.9, and nothing while v1 has answered too little", () => {
    const { slices, reader } = slabOfTwo();
    const [one, two] = slices;
    for (let i = 0; i < 4_999; i += 1) one.observeTtfb("v1", 0, 20);
    expect(slowThresholdMs(reader, [0])).toBe(0);
    for (let i = 0; i < 5_000; i += 1) two.observeTtfb("v1", 0, 20);
    expect(slowThresholdMs(reader, [0])).toBe(25);
    for (let i = 0; i < 12; i += 1) two.observeTtfb("v1", 0, 400);
    expect(slowThresholdMs(reader, [0])).toBe(500);
  });

  test("is unknown when v1's p99.9 lies beyond the last bound", () => {
    const { slices, reader } = slabOfTwo();
    for (let i = 0; i < 6_000; i += 1) slices[0].observeTtfb("v1", 0, i < 100 ? 20_000 : 5);
    expect(slowThresholdMs(reader, [0])).toBe(0);
  });
});
