import { createAdminClient } from "./admin-client.ts";
import { exitCodes } from "./command.ts";
import type { Command } from "./command.ts";
import { describePinned } from "./config-report.ts";
import { describeRelease } from "./describe-release.ts";
import { listField, objectField, textField, textList } from "./read-field.ts";
import { formatPairs, formatTable } from "./table.ts";

/** `serin status`: what a running Serin does at the moment. */
export const status: Command = {
  name: "status",
  args: [],
  options: ["admin", "token", "json"],
  summary: "show the split, the release, the config in force and the workers",
  run: async (context) => {
    const answer = await createAdminClient(context).get("/status");
    if (!answer.ok) {
      context.complain(`serin status: ${answer.reason}`);
      return exitCodes.failed;
    }
    const lines = context.options.json ? [JSON.stringify(answer.body, null, 2)] : formatStatus(answer.body);
    lines.forEach(context.print);
    return exitCodes.ok;
  },
};

/** The answer of `/status`, set for people. */
function formatStatus(body: Record<string, unknown>): string[] {
  const reload = objectField(body, "reload");
  const at = textField(reload, "at");
  const pairs: [string, string][] = [
    ["split", describeSplit(body)],
    ...describeRelease(objectField(body, "release")),
    ["upstreams", describeHealth(objectField(body, "healthy"))],
    ["config", `${textField(body, "configPath")}, generation ${textField(body, "generation")}`],
    [
      "last reload",
      reload["ok"] === false ? `${at}, rejected: the last good config stays in force` : `${at}, ok`,
    ],
    ...textList(reload, "problems").map((problem): [string, string] => ["", problem]),
    ...describePinned(listField(body, "pinned"), listField(body, "shadowed")),
  ];
  const workers = listField(body, "workers").map((worker) => [
    textField(worker, "id"),
    textField(worker, "generation"),
    textField(worker, "state"),
  ]);
  return [...formatPairs(pairs), "", ...formatTable(["worker", "generation", "state"], workers)];
}

function describeSplit(body: Record<string, unknown>): string {
  const split = `${textField(body, "percentage")} % to v2`;
  if (body["killSwitch"] === true) {
    return `${split}, without effect: the kill switch is on, everything goes to v1`;
  }
  return body["aborted"] === true ? `${split}, without effect: the release is aborted` : split;
}

function describeHealth(healthy: Record<string, unknown>): string {
  const states = Object.entries(healthy).map(
    ([version, good]) => `${version} ${good === true ? "healthy" : "unhealthy"}`,
  );
  return states.length === 0 ? "-" : states.join(", ");
}
