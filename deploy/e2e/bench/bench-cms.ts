/**
 * v1 against v2: one database, the same load, one run.
 *
 *     npm run bench:cms [-- --posts 20000 --seconds 5]
 *
 * A run of the default size writes its table to docs/performance-cms.md; any other prints it.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { migrateDatabase } from "../../database/src/migrate-database.ts";
import { seedDatabase } from "../../database/src/seed.ts";
import { seedPassword } from "../../database/src/seed-rows.ts";
import { startPostgres } from "../../local/src/postgres.ts";
import { startCms } from "../src/cms-process.ts";
import { logIn, tokenOf } from "../src/cms.ts";
import { percentile, runClosed, runOpen } from "./load.ts";
import type { Measured, Shot } from "./load.ts";
import { planOperations } from "./operations.ts";
import type { Operation } from "./operations.ts";

const page = path.resolve(import.meta.dirname, "../../../docs/performance-cms.md");
const section = /(<!-- table -->\n)[^]*(<!-- end of table -->)/u;
const defaults = { posts: "20000", seconds: "5" };
const warmUpSeconds = 1;
const { values } = parseArgs({
  options: {
    posts: { type: "string", default: defaults.posts },
    seconds: { type: "string", default: defaults.seconds },
  },
});
const posts = Number(values.posts);
const seconds = Number(values.seconds);
if (!(posts >= 100 && seconds >= 1)) throw new RangeError("--posts from 100, --seconds from 1");

interface Row {
  readonly operation: string;
  readonly load: string;
  readonly v1: Measured;
  readonly v2: Measured;
  /** Requests per second at most. */
  readonly most: readonly [v1: number, v2: number];
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
await using cleanup = new AsyncDisposableStack();
const folder = await mkdtemp(path.join(tmpdir(), "serin-bench-cms-"));
cleanup.defer(() => rm(folder, { recursive: true, force: true }));
const postgres = await startPostgres({ database: "cms" });
cleanup.defer(() => postgres.stop());
await migrateDatabase(postgres.url);
say(`seeding ${posts} posts`);
const sql = new Client({ connectionString: postgres.url });
await sql.connect();
await seedDatabase(sql, posts);
await sql.query("VACUUM ANALYZE");
await sql.end();
const jwtSecret = randomBytes(32).toString("hex");
const options = { databaseUrl: postgres.url, jwtSecret, folder };
const [v1, v2] = [await startCms("cms-v1", options), await startCms("cms-v2", options)];
cleanup.defer(() => v1.stop());
cleanup.defer(() => v2.stop());
const token = tokenOf(await logIn(v1.url, { email: "author@example.com", password: seedPassword }));

const rows: Row[] = [];
for (const operation of planOperations(posts)) {
  rows.push(await measure(operation));
  say(renderRow(rows.at(-1) ?? null));
}
const text = render(rows);
process.stdout.write(text);
if (values.posts === defaults.posts && values.seconds === defaults.seconds) {
  const before = await readFile(page, "utf8");
  await writeFile(
    page,
    before.replace(section, (_, start: string, end: string) => `${start}${text}${end}`),
  );
}

async function measure(operation: Operation): Promise<Row> {
  const loadOf = (baseUrl: string): { baseUrl: string; aim: () => Shot; status: number } => ({
    baseUrl,
    aim: operation.aim,
    status: operation.status,
  });
  const concurrency = operation.load.kind === "fixed" ? operation.load.concurrency : 16;
  const atMost = async (baseUrl: string): Promise<Measured> => {
    await runClosed(loadOf(baseUrl), concurrency, warmUpSeconds);
    return runClosed(loadOf(baseUrl), concurrency, seconds);
  };
  const [most1, most2] = [await atMost(v1.url), await atMost(v2.url)];
  const most = [most1.requestsPerSecond, most2.requestsPerSecond] as const;
  if (operation.load.kind === "fixed") {
    return { operation: operation.name, load: `${concurrency} at once`, v1: most1, v2: most2, most };
  }
  const perSecond = Math.max(1, 0.8 * most1.requestsPerSecond);
  const atRate = async (baseUrl: string): Promise<Measured> => {
    const title = `Bench ${randomBytes(4).toString("hex")}`;
    const json = { title, content: "Written while others read.", status: "published", tags: ["proxy"] };
    const write: Shot = { method: "POST", path: "/api/v1/posts", token, json };
    const writing = runOpen({ baseUrl, aim: () => write, status: 201 }, 1, seconds);
    const reading = await runOpen(loadOf(baseUrl), perSecond, seconds);
    const { failures } = await writing;
    return { ...reading, failures: reading.failures + failures };
  };
  const load = `${perSecond.toFixed(0)}/s`;
  return { operation: operation.name, load, v1: await atRate(v1.url), v2: await atRate(v2.url), most };
}

function render(all: readonly Row[]): string {
  const cpu = cpus()[0]?.model.trim() ?? "unknown";
  const machine = `${cpus().length} processors (${cpu}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}`;
  const busy = loadavg()
    .map((load) => load.toFixed(1))
    .join(", ");
  return `
Measured on ${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.versions.node}, PostgreSQL 15, ${posts} posts,
${seconds} s for each figure. Load average of the machine at the end: ${busy}.

| operation | load | v1 p50 | v1 p95 | v1 p99 | v2 p50 | v2 p95 | v2 p99 | p95 v1/v2 | v1 at most | v2 at most | failures v1, v2 |
| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
${all.map(renderRow).join("\n")}

`;
}

function renderRow(row: Row | null): string {
  if (row === null) return "";
  const ms = (measured: Measured): readonly string[] =>
    [0.5, 0.95, 0.99].map((share) => percentile(measured.latencies, share).toFixed(1));
  const ratio = percentile(row.v1.latencies, 0.95) / percentile(row.v2.latencies, 0.95);
  const most = row.most.map((perSecond) => `${perSecond.toFixed(0)}/s`);
  const failures = `${row.v1.failures}, ${row.v2.failures}`;
  const cells = [
    row.operation,
    row.load,
    ...ms(row.v1),
    ...ms(row.v2),
    `${ratio.toFixed(1)}x`,
    ...most,
    failures,
  ];
  return `| ${cells.join(" | ")} |`;
}
