/** One metric that a PromQL expression selects, with the labels it is matched by. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

interface Matcher {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

const keywords = new Set([
  "and",
  "or",
  "unless",
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "bool",
  "offset",
  "inf",
  "nan",
]);

/**
 * Strings, label lists, ranges, numbers and braces are one token each, so that nothing inside them counts as a word. A
 * word before a parenthesis, or before `by (` and `without (`, is a function.
 */
const token =
  /"(?:[^"\\]|\\.)*"|'[^']*'|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)|\[[^\]]*\]|\b\d[\w.]*|(?<![\w:])(?<word>[a-zA-Z_:][\w:]*)(?![\w:])(?!\s*(?:(?:by|without)\b\s*)?\()(?<braces>\s*\{(?:[^}"]|"(?:[^"\\]|\\.)*")*\})?/g;

/** The metrics that an expression reads, in order, repeats included. It is taken to be valid PromQL; promtool says whether it is. */
export function findSelectors(expr: string): readonly Selector[] {
  const selectors: Selector[] = [];
  for (const { groups } of expr.matchAll(token)) {
    const word = groups?.["word"];
    if (word === undefined || keywords.has(word.toLowerCase())) continue;
    selectors.push({ metric: word, matchers: parseMatchers(groups?.["braces"] ?? "") });
  }
  return selectors;
}

function parseMatchers(braces: string): readonly Matcher[] {
  return [...braces.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g)].map((match) => ({
    label: match[1] ?? "",
    operator: parseOperator(match[2] ?? ""),
    value: match[3] ?? "",
  }));
}

function parseOperator(text: string): Matcher["operator"] {
  switch (text) {
    case "!=":
    case "=~":
    case "!~":
      return text;
    default:
      return "=";
  }
}
