import { LineCounter, isAlias, isMap, isNode, isScalar, parseDocument } from "yaml";
import type { Document, ErrorCode, Node, YAMLMap } from "yaml";
import { coerce } from "./coerce.ts";
import { isRecord } from "./is-record.ts";
import { findNearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";
import { isLeaf, rootSection } from "./schema-tree.ts";
import type { Section } from "./schema-tree.ts";

interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a file says: the leaves it sets, by dotted path, and what is wrong with its shape. */
export interface FileContent {
  readonly leaves: ReadonlyMap<string, { readonly value: unknown; readonly position: Position }>;
  readonly problems: readonly Problem[];
}

/**
 * Reads YAML 1.2 against the shape of the schema: every key must be known. Values are coerced, not yet checked.
 * Syntax errors carry their place but never a piece of the text, which could be a secret.
 */
export function readYaml(text: string): FileContent {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      const expected = syntaxHints[error.code] ?? "valid YAML";
      return fileProblem("syntax", "", undefined, expected, { line, column: col });
    });
    return { leaves: new Map(), problems };
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    const expected = "at least one key; the file is empty (an empty config is written {})";
    return { leaves: new Map(), problems: [fileProblem("file", "", undefined, expected)] };
  }
  return new SchemaWalk(document, lines).run(document.contents);
}

class SchemaWalk {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #leaves = new Map<string, { value: unknown; position: Position }>();
  readonly #problems: Problem[] = [];

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  run(root: Node): FileContent {
    this.#section(rootSection(), root, "");
    return { leaves: this.#leaves, problems: this.#problems };
  }

  #section(section: Section, node: Node | null, path: string): void {
    const resolved = isAlias(node) ? node.resolve(this.#document) : node;
    if (resolved === undefined) {
      this.#problems.push(fileProblem("syntax", path, undefined, aliasHint, this.#position(node)));
      return;
    }
    // A section whose keys are all commented out.
    if (resolved === null || (isScalar(resolved) && resolved.value === null)) {
      return;
    }
    if (!isMap(resolved)) {
      const expected = `a section with the keys ${Object.keys(section).join(", ")}`;
      this.#problems.push(fileProblem("value", path, undefined, expected, this.#position(node)));
      return;
    }
    this.#map(section, resolved, path === "" ? "" : `${path}.`);
  }

  #map(section: Section, map: YAMLMap, prefix: string): void {
    for (const pair of map.items) {
      const keyNode = isNode(pair.key) ? pair.key : null;
      const key = isScalar(keyNode) ? String(keyNode.value) : "?";
      const path = `${prefix}${key}`;
      const node = isNode(pair.value) ? pair.value : null;
      const known = Object.hasOwn(section, key) ? section[key] : undefined;
      if (known === undefined) {
        const suggestion = findNearest(key, Object.keys(section));
        const problem = fileProblem("unknown", path, undefined, "a known key", this.#position(keyNode));
        // The value stays out: the key may be a misspelt secret.
        this.#problems.push(suggestion === undefined ? problem : { ...problem, suggestion });
      } else if (isLeaf(known)) {
        const position = this.#position(node ?? keyNode);
        const value = this.#plainValue(node);
        if (value === undefined) {
          this.#problems.push(fileProblem("syntax", path, undefined, aliasHint, position));
        } else if (isRecord(value)) {
          // No leaf is a map, and convict stumbles over one.
          this.#problems.push(fileProblem("value", path, undefined, known.expected, position));
        } else {
          this.#leaves.set(path, { value: coerce(known.kind, value), position });
        }
      } else {
        this.#section(known, node, path);
      }
    }
  }

  /** The value as plain JSON data, or undefined for what has no such form: an alias bomb, a list within itself. */
  #plainValue(node: Node | null): unknown {
    if (node === null) {
      return null;
    }
    try {
      const value: unknown = node.toJS(this.#document, { maxAliasCount: 100 });
      JSON.stringify(value);
      return value ?? null;
    } catch {
      return undefined;
    }
  }

  #position(node: Node | null): Position {
    const { line, col } = this.#lines.linePos(node?.range?.[0] ?? 0);
    return { line, column: col };
  }
}

function fileProblem(
  code: Problem["code"],
  path: string,
  value: unknown,
  expected: string,
  position?: Position,
): Problem {
  return { code, path, value, expected, source: "file", ...position };
}

const aliasHint = "an alias of an anchor above it, and none within itself";

/** What would have been right, for the errors that YAML files really have. */
const syntaxHints: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_INDENT: "consistent indentation",
  BLOCK_AS_IMPLICIT_KEY: "a key and its value on one line, or the value indented below its key",
  DUPLICATE_KEY: "each key once",
  MISSING_CHAR: "a closing quote, bracket or a colon that is missing here",
  MULTIPLE_DOCS: "one document, without ---",
  MULTILINE_IMPLICIT_KEY: "a key and its colon on one line",
  TAB_AS_INDENT: "spaces, not tabs, as indentation",
  UNEXPECTED_TOKEN: "valid YAML; this does not belong here",
};
