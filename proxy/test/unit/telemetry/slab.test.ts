import { describe, expect, test } from "vitest";
import { LATENCY_BOUNDS_SECONDS } from "../../../src/telemetry/series.ts";
import { SKETCH_BYTES, addToSketch, estimateIdentities } from "../../../src/telemetry/sketch.ts";
import { SlabReader, SlabSlice, createSlab } from "../../../src/telemetry/slab.ts";

/** A small generator of 32-bit hashes (Weyl sequence through a mixer): every value once. */
function* hashesFrom(seed: number, count: number): Generator<number> {
  for (let i = 0; i < count; i += 1) yield Math.imul(seed + i, 0x9e37_79b1) >>> 0;
}

describe("the slab", () => {
  test("adds the workers' slices up and keeps them apart", () => {
    const slab = createSlab(2);
    const first = new SlabSlice(slab, 0);
    const second = new SlabSlice(slab, 1);
    const reader = new SlabReader(slab);
    first.countRequest("v1", 3, 200, "hash");
    second.countRequest("v1", 3, 204, "hash");
    second.countRequest("v2", 3, 503, "hash");
    expect(reader.requests(0, 3, 1, 5)).toBe(2);
    expect(reader.requests(1, 3, 4, 5)).toBe(1);
    expect(reader.requests(0, 2, 1, 5)).toBe(0);
    first.set("generation", 7);
    second.set("generation", 8);
    expect([reader.scalarOf("generation", 0), reader.scalarOf("generation", 1)]).toEqual([7, 8]);
  });

  test("puts a duration into the bucket whose bound it does not pass", () => {
    const slab = createSlab(1);
    const slice = new SlabSlice(slab, 0);
    const reader = new SlabReader(slab);
    for (const bound of LATENCY_BOUNDS_SECONDS) slice.observeDuration("v2", 0, bound * 1000);
    slice.observeDuration("v2", 0, 60_000);
    const cells = reader.histogram("duration", 1, 0);
    expect(cells.slice(0, -1)).toEqual(Array.from({ length: LATENCY_BOUNDS_SECONDS.length + 1 }, () => 1));
    const sum = LATENCY_BOUNDS_SECONDS.reduce((total, bound) => total + bound, 60);
    expect(cells.at(-1)).toBeCloseTo(sum, 9);
    expect(reader.histogram("ttfb", 1, 0).every((cell) => cell === 0)).toBe(true);
  });

  test("never mixes two series, whatever is written", () => {
    const slab = createSlab(1);
    const slice = new SlabSlice(slab, 0);
    const reader = new SlabReader(slab);
    slice.countRequest("none", 255, 499, "rejected");
    slice.observeTtfb("none", 255, 1);
    slice.countFailure("none", "status_5xx");
    slice.addVersioned("tunnels", "none", 1);
    expect(reader.requests(2, 255, 5, 9)).toBe(1);
    expect(reader.histogram("ttfb", 2, 255)[0]).toBe(1);
    expect(reader.failures(2, 11)).toBe(1);
    expect(reader.versioned("tunnels", 2)).toBe(1);
    expect(reader.sketches("v1")[0]?.every((register) => register === 0)).toBe(true);
  });

  test("forgets a dead worker's gauges and keeps its counters", () => {
    const slab = createSlab(1);
    const slice = new SlabSlice(slab, 0);
    const reader = new SlabReader(slab);
    slice.add("connections", 3);
    slice.addVersioned("inFlight", "v1", 2);
    slice.add("rescues", 1);
    slice.clearGauges();
    expect(reader.scalar("connections")).toBe(0);
    expect(reader.versioned("inFlight", 0)).toBe(0);
    expect(reader.scalar("rescues")).toBe(1);
  });
});

describe("the sketch of identities", () => {
  test.each([0, 1, 10, 1_000, 20_000, 300_000])("estimates %i identities within 5 %%", (count) => {
    const sketch = new Uint8Array(SKETCH_BYTES);
    for (const hash of hashesFrom(1, count)) addToSketch(sketch, hash);
    expect(Math.abs(estimateIdentities([sketch]) - count)).toBeLessThanOrEqual(count * 0.05);
  });

  test("counts an identity once, however often and on however many workers it shows up", () => {
    const one = new Uint8Array(SKETCH_BYTES);
    const two = new Uint8Array(SKETCH_BYTES);
    for (let round = 0; round < 3; round += 1) {
      for (const hash of hashesFrom(1, 5_000)) addToSketch(one, hash);
      for (const hash of hashesFrom(1, 5_000)) addToSketch(two, hash);
    }
    const both = estimateIdentities([one, two]);
    expect(both).toBe(estimateIdentities([one]));
    expect(Math.abs(both - 5_000)).toBeLessThan(250);
  });

  test("is as good for a version that gets only a narrow range of hashes", () => {
    const sketch = new Uint8Array(SKETCH_BYTES);
    for (let hash = 0; hash < 50_000; hash += 1) addToSketch(sketch, hash);
    expect(Math.abs(estimateIdentities([sketch]) - 50_000)).toBeLessThan(2_500);
  });
});
