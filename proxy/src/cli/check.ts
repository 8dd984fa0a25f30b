import type { Config } from "../config/config.ts";
import { loadConfig, resolveConfigPath } from "../config/load.ts";
import { listEffective } from "../config/redact.ts";
import { exitCodes } from "./command.ts";
import type { Command } from "./command.ts";
import { describePinned, reportProblems } from "./config-report.ts";
import { formatPairs } from "./table.ts";

/** `serin check`: says everything that is wrong with a config, or what it comes to. Starts nothing. */
export const check: Command = {
  name: "check",
  args: [],
  options: ["config", "json"],
  summary: "validate the config and print what it comes to",
  run: async ({ options, env, print, complain }) => {
    const configPath = resolveConfigPath(options.config, env);
    const loaded = await loadConfig({ path: configPath, env });
    if (!loaded.ok) {
      if (options.json) {
        print(JSON.stringify({ ok: false, configPath, problems: loaded.problems }, null, 2));
      } else {
        reportProblems(loaded, configPath).forEach(complain);
      }
      return exitCodes.usage;
    }
    const { pinned, shadowed, config } = loaded;
    if (options.json) {
      const effective = listEffective(config);
      print(JSON.stringify({ ok: true, configPath, config: effective, pinned, shadowed }, null, 2));
    } else {
      print(`${configPath ?? "defaults and environment"}: ok`);
      formatPairs([...summarise(config), ...describePinned(pinned, shadowed)]).forEach(print);
    }
    return exitCodes.ok;
  },
};

function summarise({
  listen,
  workers,
  admin,
  upstreams,
  split,
  routes,
  release,
}: Config): [string, string][] {
  const pins = routes.map(({ prefix, pin }) => (pin === undefined ? prefix : `${prefix} (always ${pin})`));
  return [
    ["listen", `${join(listen)}, ${workers === "auto" ? "one worker per processor" : `${workers} workers`}`],
    ["admin", `${join(admin)}${admin.token === "" ? "" : ", token required"}`],
    ["v1", upstreams.v1.url],
    ["v2", upstreams.v2.url],
    ["split", split.killSwitch ? "kill switch on: everything to v1" : `${split.percentage} % to v2`],
    ["identity", `${split.identity.join(", ")}${split.issueCookie ? `; issues ${split.cookieName}` : ""}`],
    ["routes", pins.length === 0 ? "none" : pins.join(", ")],
    ["release", release.id],
  ];
}

function join({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
