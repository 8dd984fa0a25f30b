import { createAdminClient } from "./admin-client.ts";
import { exitCodes } from "./command.ts";
import type { Command, CommandContext, OptionName } from "./command.ts";
import { operatorName } from "./operator.ts";
import { objectField, textField } from "./read-field.ts";
import { reportRefusal } from "./report-refusal.ts";

/** What an operator does to a release: each a POST with who and why. */
export const releaseCommands: readonly Command[] = [
  releaseCommand("advance", "take the next step of the plan now", ["force"]),
  releaseCommand("promote", "give v2 all users and end the plan"),
  releaseCommand("freeze", "stop the plan where it is"),
  releaseCommand("abort", "take everybody off v2 at once, until resume"),
  releaseCommand("resume", "lift a freeze or an abort"),
];

function releaseCommand(name: string, summary: string, more: readonly OptionName[] = []): Command {
  return {
    name,
    args: [],
    options: ["why", "if-match", ...more, "admin", "token", "json"],
    summary,
    run: (context) => command(context, name),
  };
}

async function command(context: CommandContext, name: string): Promise<number> {
  const { options, print, complain } = context;
  const ifMatch = options["if-match"] ?? null;
  if (ifMatch !== null && !/^\d{1,15}$/.test(ifMatch)) {
    complain(`serin ${name}: ${ifMatch} is not a version of the release, a whole number (see serin status)`);
    return exitCodes.usage;
  }
  const body = {
    who: operatorName(),
    ...(options.why === undefined ? {} : { why: options.why }),
    ...(options.force === true ? { force: true } : {}),
  };
  const answer = await createAdminClient(context).post(`/${name}`, { body, ifMatch });
  if (!answer.ok) {
    reportRefusal(context, name, answer);
    return exitCodes.failed;
  }
  const release = objectField(answer.body, "release");
  const version = `(release ${textField(release, "id")}, version ${textField(release, "version")})`;
  print(
    options.json ? JSON.stringify(answer.body, null, 2) : `${textField(answer.body, "result")} ${version}`,
  );
  // In force, but a restart would not know of it: the command has done half of what it is for.
  if (typeof answer.body["alarm"] === "string") {
    complain(`serin ${name}: in force, but not written: ${answer.body["alarm"]}`);
    return exitCodes.failed;
  }
  return exitCodes.ok;
}
