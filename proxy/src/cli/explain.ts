import { createAdminClient } from "./admin-client.ts";
import { exitCodes } from "./command.ts";
import type { Command } from "./command.ts";
import { numberField, textField } from "./read-field.ts";
import { formatPairs } from "./table.ts";

/** `serin explain IDENTITY`: which version an identity gets, why, and at which percentage that changes. */
export const explain: Command = {
  name: "explain",
  args: ["IDENTITY"],
  options: ["admin", "token", "json"],
  summary: "say which version an identity gets, and why",
  run: async (context) => {
    const identity = context.args[0] ?? "";
    const answer = await createAdminClient(context).get(`/explain?identity=${encodeURIComponent(identity)}`);
    if (!answer.ok) {
      context.complain(`serin explain: ${answer.reason}`);
      return exitCodes.failed;
    }
    const { body } = answer;
    const moves = numberField(body, "movesAtPercentage");
    const lines = context.options.json
      ? [JSON.stringify(body, null, 2)]
      : formatPairs([
          ["identity", textField(body, "identity")],
          ["version", `${textField(body, "version")}, because of ${textField(body, "reason")}`],
          ["point", `${textField(body, "point")} of 1000000`],
          ["split", `${textField(body, "percentage")} % to v2`],
          ...(moves === null ? [] : [["v2 from", `${moves} %`] as const]),
        ]);
    lines.forEach(context.print);
    return exitCodes.ok;
  },
};
