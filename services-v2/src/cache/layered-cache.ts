import type { Cache } from "./cache.ts";

/** Asks `near` first, then `far`; what only `far` had is kept near. */
export function createLayeredCache(near: Cache, far: Cache): Cache {
  return {
    async get(key) {
      const close = await near.get(key);
      if (close !== undefined) return close;
      const distant = await far.get(key);
      if (distant !== undefined) near.set(key, distant);
      return distant;
    },
    set(key, value) {
      near.set(key, value);
      far.set(key, value);
    },
    async close() {
      await Promise.all([near.close(), far.close()]);
    },
  };
}
