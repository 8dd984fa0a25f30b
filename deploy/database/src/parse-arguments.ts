import { parseArgs } from "node:util";
import { maxSeedPosts } from "./seed.ts";

export const defaultSeedPosts = 200;

export const usage = `Usage: cms-migrate <command> [options]      (the database is named by DATABASE_URL)

  migrate [--no-seed] [--verify] [--contract]
                      apply what is pending; seed ${defaultSeedPosts} posts if there is not one user yet; --verify runs
                      validate afterwards; --contract also drops the arrays that cms-v1 lives on (refused while one is alive)
  rollback            take back the last migration
  status              list the migrations and when they were applied
  seed [--posts N]    add the sample data, posts 1 to N (${defaultSeedPosts}; at most ${maxSeedPosts}); what is there stays as it is
  reset --yes         take everything back, ALL DATA IS LOST, then migrate (and seed, unless --no-seed)
  validate            check what constraints cannot: both forms of the terms, counts, times

  --dry-run           with migrate, rollback, reset, seed: say what would be done, change nothing
  --help              this text

Exit codes: 0 done, 1 failed or refused, 64 wrong usage, 69 the database cannot be reached.
`;

export type Command =
  | { readonly name: "help" | "status" | "validate" }
  | {
      readonly name: "migrate";
      readonly seed: boolean;
      readonly verify: boolean;
      readonly contract: boolean;
      readonly dryRun: boolean;
    }
  | { readonly name: "rollback"; readonly dryRun: boolean }
  | { readonly name: "seed"; readonly posts: number; readonly dryRun: boolean }
  | { readonly name: "reset"; readonly seed: boolean; readonly dryRun: boolean };

const options = {
  help: { type: "boolean" },
  "no-seed": { type: "boolean" },
  verify: { type: "boolean" },
  contract: { type: "boolean" },
  "dry-run": { type: "boolean" },
  posts: { type: "string" },
  yes: { type: "boolean" },
} as const;

const allowed: Readonly<Record<string, readonly string[]>> = {
  migrate: ["no-seed", "verify", "contract", "dry-run"],
  rollback: ["dry-run"],
  status: [],
  seed: ["posts", "dry-run"],
  reset: ["yes", "no-seed", "dry-run"],
  validate: [],
};

/** Turns the words after `cms-migrate` into a command, or into one sentence that says what is wrong with them. */
export function parseArguments(
  words: readonly string[],
): { readonly command: Command } | { readonly problem: string } {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help) return { command: { name: "help" } };
  const [name, ...rest] = positionals;
  if (name === undefined) return { problem: "no command is given" };
  const flags = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
  if (flags === undefined) return { problem: `unknown command '${name}'` };
  if (rest.length > 0) return { problem: `'${name}' takes no further words, but got '${rest.join(" ")}'` };
  const foreign = Object.keys(values).find((flag) => !flags.includes(flag));
  if (foreign !== undefined) return { problem: `'${name}' has no option --${foreign}` };
  const dryRun = values["dry-run"] ?? false;
  const seed = !values["no-seed"];
  switch (name) {
    case "migrate":
      return {
        command: { name, seed, verify: values.verify ?? false, contract: values.contract ?? false, dryRun },
      };
    case "rollback":
      return { command: { name, dryRun } };
    case "seed": {
      const posts = values.posts ?? String(defaultSeedPosts);
      if (!/^[0-9]{1,6}$/u.test(posts) || Number(posts) > maxSeedPosts) {
        return { problem: `--posts must be a whole number from 0 to ${maxSeedPosts}, but is '${posts}'` };
      }
      return { command: { name, posts: Number(posts), dryRun } };
    }
    case "reset":
      if (!values.yes && !dryRun) return { problem: "reset loses all data; say --yes to mean it" };
      return { command: { name, seed, dryRun } };
    case "validate":
      return { command: { name } };
    default:
      return { command: { name: "status" } };
  }
}
