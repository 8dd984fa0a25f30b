import { createAdminClient } from "./admin-client.ts";
import { exitCodes } from "./command.ts";
import type { Command } from "./command.ts";
import { listField, numberField, textField } from "./read-field.ts";
import { reportRefusal } from "./report-refusal.ts";
import { formatPairs, formatTable } from "./table.ts";

type Fields = Record<string, unknown>;

/** `serin readiness`: whether API v1 can be removed, by what its deprecated routes still get. */
export const readiness: Command = {
  name: "readiness",
  args: [],
  options: ["admin", "token", "json"],
  summary: "say whether API v1 can be removed",
  run: async (context) => {
    const answer = await createAdminClient(context).get("/readiness");
    if (!answer.ok) {
      reportRefusal(context, "readiness", answer);
      return exitCodes.failed;
    }
    const lines = context.options.json
      ? [JSON.stringify(answer.body, null, 2)]
      : describeReadiness(answer.body);
    lines.forEach(context.print);
    return exitCodes.ok;
  },
};

function describeReadiness(body: Fields): string[] {
  const routes = listField(body, "routes");
  const gates = listField(body, "gates").map(
    (gate) => `${textField(gate, "percent")} % ${gate["passed"] === true ? "passed" : "not passed"}`,
  );
  const pairs: [string, string][] = [
    ["share", `${describeShare(body)} of all requests of the last 7 days`],
    ["gates", gates.join(", ")],
    ...routes.map((route): [string, string] => [
      textField(route, "name"),
      `${textField(route, "prefix")}, ${describeShare(route)}, last seen ${lastSeen(route)}`,
    ]),
  ];
  const days = routes.map((route) => listField(route, "requestsByDay"));
  const rows = (days[0] ?? []).map((entry, index) => [
    textField(entry, "day"),
    ...days.map((list) => textField(list[index] ?? {}, "requests")),
  ]);
  // Days before the first count say nothing.
  const first = rows.findIndex((row) => row.slice(1).some((cell) => cell !== "-"));
  const table =
    first === -1
      ? []
      : ["", ...formatTable(["day", ...routes.map((route) => textField(route, "name"))], rows.slice(first))];
  return [textField(body, "sentence"), ...formatPairs(pairs), ...table];
}

function describeShare(fields: Fields): string {
  const share = numberField(fields, "share");
  return share === null ? "no share yet" : `${Number((share * 100).toFixed(2))} %`;
}

function lastSeen(route: Fields): string {
  return typeof route["lastSeen"] === "string" ? textField(route, "lastSeen") : "not yet counted";
}
