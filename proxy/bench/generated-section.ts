import { readFileSync, writeFileSync } from "node:fs";

/**
 * Puts text between the marks `<!-- NAME: begin -->` and `<!-- NAME: end -->` of a Markdown file, in place of what is
 * there.
 *
 * @throws when the file has no such marks
 */
export function replaceSection(path: string, name: string, text: string): void {
  const page = readFileSync(path, "utf8");
  const begin = `<!-- ${name}: begin -->`;
  const end = `<!-- ${name}: end -->`;
  const start = page.indexOf(begin);
  const stop = page.indexOf(end, start);
  if (start === -1 || stop === -1) throw new Error(`${path} has no marks ${begin} and ${end}`);
  writeFileSync(path, `${page.slice(0, start + begin.length)}\n\n${text.trim()}\n\n${page.slice(stop)}`);
}
