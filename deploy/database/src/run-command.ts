import type { Client } from "pg";
import { withCommandLock } from "./command-lock.ts";
import { contractMigration, listMigrations, migrateDown, migrateUp } from "./migrations.ts";
import { type Command, defaultSeedPosts, usage } from "./parse-arguments.ts";
import { seedDatabase } from "./seed.ts";
import { findViolations } from "./validate.ts";

export interface Output {
  /** One line of result. */
  readonly print: (line: string) => void;
  /** One line about what is going on. */
  readonly note: (line: string) => void;
}

/** Carries out one command on an open connection. @returns whether all is well. */
export async function runCommand(client: Client, command: Command, output: Output): Promise<boolean> {
  switch (command.name) {
    case "help":
      output.print(usage);
      return true;
    case "status":
      return printStatus(client, output);
    case "validate":
      return printViolations(client, output);
    default:
      return withCommandLock(
        client,
        () => change(client, command, output),
        () => output.note("another cms-migrate is at work here; waiting for it"),
      );
  }
}

type Change = Exclude<Command, { readonly name: "help" | "status" | "validate" }>;

async function change(client: Client, command: Change, output: Output): Promise<boolean> {
  const { dryRun } = command;
  const log = output.print;
  switch (command.name) {
    case "migrate": {
      const applied = await migrateUp(client, { contract: command.contract, dryRun, log });
      printNames(applied, dryRun ? "would apply" : "applied", "nothing to apply", output);
      if (dryRun) return true;
      if (command.seed && (await isEmpty(client))) await seed(client, defaultSeedPosts, output);
      return command.verify ? printViolations(client, output) : true;
    }
    case "rollback": {
      const undone = await migrateDown(client, 1, { dryRun, log });
      printNames(undone, dryRun ? "would take back" : "took back", "nothing to take back", output);
      return true;
    }
    case "seed":
      if ((await pendingBeforeContract(client)) > 0) {
        output.note("migrations are pending; run `cms-migrate migrate` first");
        return false;
      }
      if (dryRun) output.print(`would seed posts 1 to ${command.posts}`);
      else await seed(client, command.posts, output);
      return true;
    case "reset": {
      const applied = (await listMigrations(client)).filter((each) => each.appliedAt !== null).length;
      if (dryRun) {
        output.print(`would take back ${applied} migrations with all data, then apply them again`);
        return true;
      }
      if (applied > 0) printNames(await migrateDown(client, applied), "took back", "", output);
      printNames(await migrateUp(client), "applied", "nothing to apply", output);
      if (command.seed) await seed(client, defaultSeedPosts, output);
      return true;
    }
    default:
      return command satisfies never;
  }
}

async function printStatus(client: Client, output: Output): Promise<boolean> {
  for (const { name, appliedAt } of await listMigrations(client)) {
    const state = appliedAt === null ? "pending" : `applied ${appliedAt.toISOString()}`;
    const note = name === contractMigration && appliedAt === null ? " (only by migrate --contract)" : "";
    output.print(`${name}  ${state}${note}`);
  }
  return true;
}

async function printViolations(client: Client, output: Output): Promise<boolean> {
  if ((await pendingBeforeContract(client)) > 0) {
    output.note("migrations are pending; run `cms-migrate migrate` first");
    return false;
  }
  const violations = await findViolations(client);
  for (const { rule, count, example } of violations) {
    output.print(`broken: ${rule}: ${count} rows, for example ${example}`);
  }
  if (violations.length === 0) output.print("valid");
  return violations.length === 0;
}

async function seed(client: Client, posts: number, output: Output): Promise<void> {
  const startedAt = performance.now();
  const { created } = await seedDatabase(client, posts, ({ done, total }) =>
    output.note(`seeding: ${done} of ${total} posts (${Math.floor((100 * done) / total)} %)`),
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  output.print(`seeded posts 1 to ${posts}, ${created} of them new, in ${seconds} s`);
}

async function isEmpty(client: Client): Promise<boolean> {
  return (await client.query("SELECT 1 FROM users LIMIT 1")).rowCount === 0;
}

async function pendingBeforeContract(client: Client): Promise<number> {
  const all = await listMigrations(client);
  return all.filter((each) => each.appliedAt === null && each.name !== contractMigration).length;
}

function printNames(names: readonly string[], verb: string, none: string, output: Output): void {
  for (const name of names) output.print(`${verb} ${name}`);
  if (names.length === 0) output.print(none);
}
