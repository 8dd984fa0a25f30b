import { createAdminClient } from "./admin-client.ts";
import { exitCodes } from "./command.ts";
import type { Command } from "./command.ts";
import { listField, numberField, textField } from "./read-field.ts";
import { reportRefusal } from "./report-refusal.ts";
import { formatTable } from "./table.ts";

const defaultLimit = "20";

/** `serin history`: who decided what about the release, when and why; the latest last. */
export const history: Command = {
  name: "history",
  args: [],
  options: ["limit", "admin", "token", "json"],
  summary: "list the decisions about the release",
  run: async (context) => {
    const { options, print, complain } = context;
    const limit = options.limit ?? defaultLimit;
    if (!/^[1-9]\d{0,4}$/.test(limit) || Number(limit) > 10_000) {
      complain(`serin history: ${limit} is not a number from 1 to 10000`);
      return exitCodes.usage;
    }
    const answer = await createAdminClient(context).get(`/history?limit=${limit}`);
    if (!answer.ok) {
      reportRefusal(context, "history", answer);
      return exitCodes.failed;
    }
    const rows = listField(answer.body, "decisions").map((event) => [
      textField(event, "version"),
      textField(event, "time"),
      textField(event, "releaseId"),
      describeEvent(event),
      textField(event, "who"),
      textField(event, "why"),
    ]);
    const lines = options.json
      ? [JSON.stringify(answer.body, null, 2)]
      : formatTable(["version", "time", "release", "decision", "who", "why"], rows);
    lines.forEach(print);
    return exitCodes.ok;
  },
};

function describeEvent(event: Record<string, unknown>): string {
  const weightPpm = numberField(event, "weightPpm");
  const cause = "cause" in event ? ` (${textField(event, "cause")})` : "";
  return `${textField(event, "type")}${weightPpm === null ? "" : ` ${weightPpm / 10_000} %`}${cause}`;
}
