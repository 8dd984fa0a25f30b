import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../../../..");

/** Each line breaks one rule when it stands in that file. */
const violations = [
  ["proxy/src/split/node.ts", 'import { x } from "node:crypto";'],
  ["proxy/src/split/bare-node.ts", 'import { x } from "fs";'],
  ["proxy/src/split/package.ts", 'import { x } from "xxhash-wasm";'],
  ["proxy/src/split/outside.ts", 'import { x } from "../data/worker.ts";'],
  ["proxy/src/split/type.ts", 'import type { x } from "../config/snapshot.ts";'],
  ["proxy/src/split/again.ts", 'export { x } from "../data/worker.ts";'],
  ["proxy/src/split/dynamic.ts", 'export const x = await import("node:fs");'],
  ["proxy/src/release/judge.ts", 'import { x } from "node:fs";'],
  ["proxy/src/release/evidence.ts", 'import { x } from "./log.ts";'],
  ["proxy/src/release/state.ts", 'import { x } from "../data/messages.ts";'],
  ["proxy/src/data/to-admin.ts", 'import { x } from "../admin/server.ts";'],
  ["proxy/src/data/to-release.ts", 'import { x } from "../release/state.ts";'],
  ["proxy/src/data/to-main.ts", 'import { x } from "../main.ts";'],
  ["proxy/src/admin/to-main.ts", 'import { x } from "../main.ts";'],
  ["proxy/src/cli/to-main.ts", 'import { x } from "../main.ts";'],
  ["services-v1/src/to-v2.ts", 'import { x } from "../../services-v2/src/app.ts";'],
  ["services-v1/test/unit/to-v2.test.ts", 'import { x } from "cms-v2";'],
  ["services-v2/src/to-v1.ts", 'import { x } from "../../services-v1/src/app.ts";'],
  ["services-v2/src/domain/to-usecases.ts", 'import { x } from "../usecases/log-in.ts";'],
  ["services-v2/src/domain/to-v1.ts", 'import { x } from "cms-v1";'],
  ["services-v2/src/domain/to-pg.ts", 'import { x } from "pg";'],
  ["services-v2/src/usecases/to-storage.ts", 'import { x } from "../storage/posts.ts";'],
  ["services-v2/src/usecases/to-http.ts", 'import { x } from "../http/posts.ts";'],
  ["services-v2/src/storage/to-http.ts", 'import { x } from "../http/posts.ts";'],
  ["services-v2/src/http/to-storage.ts", 'import { x } from "../storage/posts.ts";'],
] as const;

/** What the same places may import. */
const allowed = [
  ["proxy/src/split/clean.ts", 'import { x } from "./point.ts";'],
  ["proxy/src/release/plan.ts", 'import { x } from "../split/point.ts";'],
  ["proxy/src/release/pilot.ts", 'import { x } from "node:timers/promises";'],
  ["proxy/src/data/clean.ts", 'import { x } from "../split/decide.ts";'],
  ["proxy/src/admin/clean.ts", 'import { x } from "../release/state.ts";'],
  ["proxy/src/cli/start.ts", 'export const x = await import("../main.ts");'],
  ["services-v1/src/clean.ts", 'import { x } from "./posts.ts";'],
  ["services-v2/src/domain/clean.ts", 'import { x } from "./post.ts";'],
  ["services-v2/src/usecases/clean.ts", 'import { x } from "../domain/post.ts";'],
  ["services-v2/src/storage/clean.ts", 'import { x } from "../usecases/posts.ts";'],
  ["services-v2/src/http/clean.ts", 'import { x } from "../usecases/posts.ts";'],
] as const;

let folder = "";
/** Files in which the linter found a forbidden import. */
let rejected: ReadonlySet<string> = new Set();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "serin-boundaries-"));
  await copyFile(path.join(root, ".oxlintrc.json"), path.join(folder, ".oxlintrc.json"));
  for (const [file, line] of [...violations, ...allowed]) {
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, `${line}\n`);
  }
  rejected = await lint(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(violations)("%s is rejected for: %s", (file) => {
  expect(rejected).toContain(file);
});

test.each(allowed)("%s may say: %s", (file) => {
  expect(rejected).not.toContain(file);
});

function lint(cwd: string): Promise<ReadonlySet<string>> {
  const oxlint = path.join(root, "node_modules/oxlint/bin/oxlint");
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [oxlint, "--format", "json"], { cwd }, (_error, stdout, stderr) => {
      // It exits with 1 when it finds something; only an answer that is no report is a failure.
      try {
        resolve(readReport(stdout));
      } catch {
        reject(new Error(`oxlint gave no report: ${stdout}${stderr}`));
      }
    });
  });
}

function readReport(text: string): ReadonlySet<string> {
  const report: unknown = JSON.parse(text);
  if (typeof report !== "object" || report === null || !("diagnostics" in report)) throw new Error(text);
  const found = new Set<string>();
  for (const entry of Array.isArray(report.diagnostics) ? report.diagnostics : []) {
    if (entry?.code === "eslint(no-restricted-imports)") found.add(String(entry.filename));
  }
  return found;
}
