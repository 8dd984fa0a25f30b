import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readYaml } from "../../../src/config/read-yaml.ts";
import { renderExample, renderReference } from "../../../src/config/reference.ts";
import { listLeaves, valueAt } from "../../../src/config/schema-tree.ts";

const root = new URL("../../../../", import.meta.url);

test("docs/configuration.md is what the schema says (npm run docs:config -w serin)", async () => {
  expect(await readFile(new URL("docs/configuration.md", root), "utf8")).toBe(renderReference());
});

test("proxy/serin.example.yaml is what the schema says (npm run docs:config -w serin)", async () => {
  expect(await readFile(new URL("proxy/serin.example.yaml", root), "utf8")).toBe(renderExample());
});

test("every leaf is documented, and every documented key is a leaf", () => {
  const documented = [...renderReference().matchAll(/^\| `([^`]+)` \|.*\| `([^`]+)` \|$/gm)].map((row) => [
    row[1],
    row[2],
  ]);
  expect(documented).toEqual(listLeaves().map(({ path, env }) => [path, env]));
});

test("the example sets every leaf to its default and nothing else", () => {
  const text = renderExample();
  const data: unknown = parse(text);
  for (const { path, leaf } of listLeaves()) {
    expect([path, valueAt(data, path)]).toEqual([path, leaf.default]);
  }
  const { leaves, problems } = readYaml(text);
  expect(problems).toEqual([]);
  expect([...leaves.keys()]).toEqual(listLeaves().map(({ path }) => path));
});
