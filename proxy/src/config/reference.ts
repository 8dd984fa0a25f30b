import { Document, Scalar, YAMLSeq, isMap } from "yaml";
import type { Leaf } from "./leaf.ts";
import { isLeaf, listLeaves, rootSection } from "./schema-tree.ts";
import type { Section } from "./schema-tree.ts";

/** What docs/configuration.md says, made from the schema alone. */
export function renderReference(): string {
  const sections = Map.groupBy(listLeaves(), ({ path }) =>
    path
      .split(".")
      .slice(0, path.startsWith("upstreams.") ? 2 : 1)
      .join("."),
  );
  const tables = [...sections].map(([name, leaves]) => {
    const rows = leaves.map(({ path, env, leaf }) => [
      `\`${path}\``,
      describeDefault(leaf),
      describeMeaning(leaf),
      `\`${env}\``,
    ]);
    return [`## ${name}`, "", ...renderTable(["key", "default", "meaning", "environment"], rows), ""].join(
      "\n",
    );
  });
  return `${introduction}\n${tables.join("\n")}`;
}

/** What proxy/serin.example.yaml says: every leaf at its default, each with its meaning above it. */
export function renderExample(): string {
  const document = new Document(defaultsOf(rootSection()));
  document.commentBefore = exampleIntroduction;
  annotate(rootSection(), document.contents);
  return document.toString({ lineWidth: 0 });
}

const introduction = `# Configuration

<!-- Made from proxy/src/config/schema.ts by \`npm run docs:config -w serin\`; edit that. -->

One YAML file, named by \`--config\` or \`SERIN_CONFIG\`; without one, the defaults below. Every key can also be set by an
environment variable. The environment beats the file; what it sets is *pinned*, and \`serin status\` lists it together with
what of the file it leaves without effect.

- Unknown keys, wrong values and combinations that cannot work are errors, all reported at once. \`serin check\` does so without starting.
- A change of the file takes effect at once: on save, on a replaced symlink (a Kubernetes ConfigMap), on SIGHUP and on
  \`POST /reload\`. A file that is wrong, empty or gone changes nothing; the last good config stays in force. Keys marked **restart** are
  the exception: a reload that changes one is refused as a whole.
- Replace the file by renaming a new one over it, as editors do. A file written in place could be read half-written, and half a file
  can be valid YAML.
- In the environment, lists are separated by commas, \`routes\` is JSON, switches are \`true\`, \`false\`, \`1\` or \`0\`, and an empty
  variable counts as not set. A Kubernetes Service named \`serin-admin\` or \`serin-listen\` makes Kubernetes itself set
  \`SERIN_ADMIN_PORT\` or \`SERIN_LISTEN_PORT\` in every pod: give the pod \`enableServiceLinks: false\`.
`;

const exampleIntroduction = ` Serin's config with every key at its default: copy it, keep what you change, delete the rest.
 Made from proxy/src/config/schema.ts by \`npm run docs:config -w serin\`. What each key accepts, and the environment
 variable that sets it, is in docs/configuration.md. \`serin check --config FILE\` validates a file.`;

function describeDefault(leaf: Leaf<unknown>): string {
  if (leaf.default === "") {
    return "none";
  }
  const values: readonly unknown[] = Array.isArray(leaf.default) ? leaf.default : [leaf.default];
  const shown = values.map((value) => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``);
  return shown.length === 0 ? "none" : shown.join(" ");
}

function describeMeaning(leaf: Leaf<unknown>): string {
  const marks = [
    leaf.restart === true ? " **restart**" : "",
    leaf.secret === true ? " **secret**: never shown" : "",
  ];
  return `${leaf.doc} Accepts ${leaf.expected}.${marks.join("")}`;
}

function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

function defaultsOf(section: Section): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(section).map(([key, node]) => [key, isLeaf(node) ? node.default : defaultsOf(node)]),
  );
}

function annotate(section: Section, map: unknown): void {
  if (!isMap(map)) {
    return;
  }
  for (const pair of map.items) {
    const { key, value } = pair;
    const node = key instanceof Scalar ? section[String(key.value)] : undefined;
    if (!(key instanceof Scalar) || node === undefined) {
      continue;
    }
    key.spaceBefore = section === rootSection() && pair !== map.items[0];
    if (!isLeaf(node)) {
      annotate(node, value);
      continue;
    }
    key.commentBefore = wrap(node.doc, 100);
    if (value instanceof YAMLSeq) {
      value.flow = !value.items.some((item) => isMap(item));
      value.items.filter(isMap).forEach((item) => (item.flow = true));
    }
  }
}

/** Breaks text into comment lines of at most that many characters. */
function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length >= width) {
      lines.push(line);
      line = "";
    }
    line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}
