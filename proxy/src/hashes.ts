import xxhash from "xxhash-wasm";
import type { Hash32 } from "./split/point.ts";

/** The hash functions of the split, from WebAssembly. */
export interface Hashes {
  readonly hash32: Hash32;
  /** xxHash64, hex: names an identity to the control plane without telling it. */
  readonly hash64: (input: string) => string;
}

/** Loads and compiles the WebAssembly module; once per thread. */
export async function loadHashes(): Promise<Hashes> {
  const api = await xxhash();
  return {
    hash32: (input, seed) => api.h32(input, seed),
    hash64: (input) => api.h64ToString(input),
  };
}
