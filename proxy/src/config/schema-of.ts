import type { Leaf } from "./leaf.ts";

type Scalar = string | number | boolean;

/** The schema of a section: a leaf for every scalar or list, a schema for every section within. */
export type SchemaOf<T> = {
  readonly [K in keyof T]: [T[K]] extends [Scalar | readonly unknown[]] ? Leaf<T[K]> : SchemaOf<T[K]>;
};
