import { argv, env, exit, stderr, stdout } from "node:process";
import { DatabaseError } from "pg";
import { withClient } from "./migrate-database.ts";
import { parseArguments, usage } from "./parse-arguments.ts";
import { runCommand } from "./run-command.ts";

const exitUsage = 64;
const exitUnavailable = 69;

// A reader that has seen enough (`| head`) is no failure.
stdout.on("error", () => exit(0));

exit(await main());

async function main(): Promise<number> {
  const parsed = parseArguments(argv.slice(2));
  if ("problem" in parsed) {
    stderr.write(`cms-migrate: ${parsed.problem}\n\n${usage}`);
    return exitUsage;
  }
  if (parsed.command.name === "help") {
    stdout.write(usage);
    return 0;
  }
  const url = env["DATABASE_URL"];
  if (!url || !/^postgres(?:ql)?:\/\//u.test(url) || !URL.canParse(url)) {
    stderr.write("cms-migrate: DATABASE_URL must be set to postgres://user:password@host:port/database\n");
    return exitUsage;
  }
  const output = {
    print: (line: string): void => void stdout.write(`${line}\n`),
    note: (line: string): void => void stderr.write(`${line}\n`),
  };
  try {
    const well = await withClient(url, (client) => runCommand(client, parsed.command, output));
    return well ? 0 : 1;
  } catch (error) {
    return explain(error);
  }
}

/** One sentence to the operator; never the connection string, which holds a password. */
function explain(error: unknown): number {
  if (error instanceof DatabaseError) {
    const hint = error.hint ? ` (${error.hint})` : "";
    stderr.write(`cms-migrate: the database refused: ${error.message}${hint} [SQLSTATE ${error.code}]\n`);
    // Class 08 is a lost connection, 28 bad credentials, 3D a missing database, 57P a server that is going or coming.
    return /^(?:08|28|3D|57P)/u.test(error.code ?? "") ? exitUnavailable : 1;
  }
  const reason = error instanceof Error ? error.message || error.name : String(error);
  const network = error instanceof Error && "code" in error;
  stderr.write(`cms-migrate: ${network ? "the database cannot be reached: " : ""}${reason}\n`);
  return network ? exitUnavailable : 1;
}
