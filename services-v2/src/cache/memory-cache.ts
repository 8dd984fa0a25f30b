import type { Cache } from "./cache.ts";

/** Map entries and string headers cost about this much beside the characters themselves. */
const entryOverheadBytes = 128;

/** The least recently used go first when the keys and values, at two bytes a character, pass `limitBytes`. */
export function createMemoryCache(limitBytes: number): Cache & { readonly sizeBytes: () => number } {
  const entries = new Map<string, string>();
  let size = 0;
  const weigh = (key: string, value: string): number => 2 * (key.length + value.length) + entryOverheadBytes;
  const remove = (key: string, value: string): void => {
    entries.delete(key);
    size -= weigh(key, value);
  };
  const read = (key: string): string | undefined => {
    const value = entries.get(key);
    if (value === undefined) return undefined;
    entries.delete(key);
    entries.set(key, value);
    return value;
  };
  return {
    get: async (key) => read(key),
    set(key, value) {
      const before = entries.get(key);
      if (before !== undefined) remove(key, before);
      const weight = weigh(key, value);
      if (weight > limitBytes) return;
      entries.set(key, value);
      size += weight;
      for (const [oldest, old] of entries) {
        if (size <= limitBytes) break;
        remove(oldest, old);
      }
    },
    close: async () => entries.clear(),
    sizeBytes: () => size,
  };
}
