/**
 * A persistent (never mutated) map from an identity's 64-bit hash to a number. A fold has to give a new state for every
 * event while old states stay as they were; copying a `Map` of 100,000 identities each time would make recovery
 * quadratic. Hashes are uniform, so a plain 16-way trie over their hex digits is balanced: a write copies one leaf
 * and at most a handful of 16-slot nodes.
 */

/** 16 lower-case hex digits. */
export type IdentityHash = string;

export interface IdentityMap {
  readonly size: number;
  readonly root: TrieNode;
}

type TrieNode = TrieLeaf | TrieBranch;

interface TrieLeaf {
  readonly keys: readonly IdentityHash[];
  readonly values: readonly number[];
}

interface TrieBranch {
  /** One child per hex digit. */
  readonly children: readonly TrieNode[];
}

const HASH_PATTERN = /^[0-9a-f]{16}$/;
const HASH_DIGITS = 16;
const LEAF_CAPACITY = 16;
const EMPTY_LEAF: TrieLeaf = Object.freeze({ keys: Object.freeze([]), values: Object.freeze([]) });

export const EMPTY_IDENTITY_MAP: IdentityMap = Object.freeze({ size: 0, root: EMPTY_LEAF });

/** True for 16 lower-case hex digits. */
export function isIdentityHash(value: unknown): value is IdentityHash {
  return typeof value === "string" && HASH_PATTERN.test(value);
}

/** The number kept for `hash`, or `undefined`. */
export function getIdentity(map: IdentityMap, hash: IdentityHash): number | undefined {
  let node = map.root;
  for (let depth = 0; "children" in node; depth += 1) node = childAt(node, hash, depth);
  const index = node.keys.indexOf(hash);
  return index === -1 ? undefined : node.values[index];
}

/** A map that also holds `hash -> value`; `map` itself stays as it was. */
export function setIdentity(map: IdentityMap, hash: IdentityHash, value: number): IdentityMap {
  const isNew = getIdentity(map, hash) === undefined;
  return { size: map.size + (isNew ? 1 : 0), root: insert(map.root, hash, value, 0) };
}

/** All entries, ordered by hash, so that equal maps list alike whatever the order of insertion. */
export function listIdentities(map: IdentityMap): [IdentityHash, number][] {
  const entries: [IdentityHash, number][] = [];
  collect(map.root, entries);
  return entries.sort(([left], [right]) => (left < right ? -1 : 1));
}

/** The map of the given entries; a later entry wins over an earlier one with the same hash. */
export function identityMapOf(entries: Iterable<readonly [IdentityHash, number]>): IdentityMap {
  let map = EMPTY_IDENTITY_MAP;
  for (const [hash, value] of entries) map = setIdentity(map, hash, value);
  return map;
}

function digitAt(hash: IdentityHash, depth: number): number {
  const code = hash.charCodeAt(depth);
  return (code <= 57 ? code - 48 : code - 87) & 15;
}

function childAt(branch: TrieBranch, hash: IdentityHash, depth: number): TrieNode {
  return branch.children[digitAt(hash, depth)] ?? EMPTY_LEAF;
}

function insert(node: TrieNode, hash: IdentityHash, value: number, depth: number): TrieNode {
  if ("children" in node) {
    const children = node.children.slice();
    children[digitAt(hash, depth)] = insert(childAt(node, hash, depth), hash, value, depth + 1);
    return { children };
  }
  const index = node.keys.indexOf(hash);
  if (index !== -1) return { keys: node.keys, values: node.values.with(index, value) };
  const leaf: TrieLeaf = { keys: [...node.keys, hash], values: [...node.values, value] };
  return leaf.keys.length > LEAF_CAPACITY && depth < HASH_DIGITS ? split(leaf, depth) : leaf;
}

function split(leaf: TrieLeaf, depth: number): TrieBranch {
  let branch: TrieNode = { children: Array.from({ length: 16 }, () => EMPTY_LEAF) };
  for (const [index, key] of leaf.keys.entries())
    branch = insert(branch, key, leaf.values[index] ?? 0, depth);
  return "children" in branch ? branch : { children: [] };
}

function collect(node: TrieNode, entries: [IdentityHash, number][]): void {
  if ("children" in node) {
    for (const child of node.children) collect(child, entries);
    return;
  }
  for (const [index, key] of node.keys.entries()) entries.push([key, node.values[index] ?? 0]);
}
