import type { Command, OptionName } from "./command.ts";
import { formatPairs } from "./table.ts";

interface OptionHelp {
  /** What stands behind the option, or null for a switch. */
  readonly value: string | null;
  readonly summary: string;
}

/** Every option, in the order of the help. */
export const optionHelp: Readonly<Record<OptionName, OptionHelp>> = {
  config: { value: "FILE", summary: "config file (or SERIN_CONFIG)" },
  admin: { value: "URL", summary: "admin server (or SERIN_ADMIN_URL; http://127.0.0.1:9901)" },
  token: { value: "TOKEN", summary: "token of the admin server (or SERIN_ADMIN_TOKEN)" },
  why: { value: "TEXT", summary: "the reason, kept in the history" },
  "if-match": { value: "VERSION", summary: "only if the release is still at this version (see status)" },
  force: { value: null, summary: "also outside the windows of the week" },
  limit: { value: "COUNT", summary: "how many decisions to show, the latest (20)" },
  "allow-backward": { value: null, summary: "accept that users move back from v2 to v1" },
  json: { value: null, summary: "print JSON" },
};

/** What `serin --help` prints. */
export function formatHelp(commands: readonly Command[]): string[] {
  return [
    "serin, a canary ingress",
    "",
    "usage: serin COMMAND [OPTIONS]",
    "",
    ...formatPairs(commands.map((command) => [`  ${synopsis(command)}`, command.summary])),
    "",
    ...formatPairs([...formatOptions(optionNames()), ["  --help", "print this, or the help of a command"]]),
  ];
}

/** What `serin COMMAND --help` prints. */
export function formatCommandHelp(command: Command): string[] {
  return [
    `serin ${synopsis(command)}: ${command.summary}`,
    ...(command.options.length > 0 ? ["", ...formatPairs(formatOptions(command.options))] : []),
  ];
}

/** The names of all options, without the dashes. */
export function optionNames(): OptionName[] {
  return ["config", "why", "if-match", "force", "limit", "allow-backward", "admin", "token", "json"];
}

function synopsis(command: Command): string {
  return [command.name, ...command.args].join(" ");
}

function formatOptions(names: readonly OptionName[]): [string, string][] {
  return names.map((name) => {
    const { value, summary } = optionHelp[name];
    return [`  --${name}${value === null ? "" : ` ${value}`}`, summary];
  });
}
