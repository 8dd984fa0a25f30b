import type { FailedAnswer } from "./admin-client.ts";
import type { CommandContext } from "./command.ts";
import { describeReleaseBriefly } from "./describe-release.ts";
import { objectField, textField, textList } from "./read-field.ts";
import { formatPairs } from "./table.ts";

/** Says why a command was refused, what to do about it, and how things stand. */
export function reportRefusal(
  { complain, options, print }: Pick<CommandContext, "complain" | "options" | "print">,
  command: string,
  { reason, refusal }: FailedAnswer,
): void {
  if (refusal === null) {
    complain(`serin ${command}: ${reason}`);
    return;
  }
  if (options.json) print(JSON.stringify(refusal, null, 2));
  complain(`serin ${command}: refused: ${textField(refusal, "error")}`);
  for (const problem of textList(refusal, "problems")) complain(`  ${problem}`);
  const pairs: [string, string][] = [];
  if ("whatToDo" in refusal) pairs.push(["  what to do", textField(refusal, "whatToDo")]);
  if ("release" in refusal) pairs.push(["  now", describeReleaseBriefly(objectField(refusal, "release"))]);
  formatPairs(pairs).forEach(complain);
}
