import path from "node:path";
import { withoutPassword } from "./database.ts";
import type { StackSettings } from "./settings.ts";
import type { RunningStack } from "./stack.ts";

/** The addresses and four commands worth trying, once all is healthy. */
export async function describeReady(
  stack: RunningStack,
  settings: StackSettings,
  root: string,
  seconds: number,
): Promise<string> {
  const config = path.relative(root, stack.configFile);
  const serin = `${serinVariables(settings)}npm run serin --`;
  return `
Serin is ready after ${seconds.toFixed(1)} s. Ctrl-C stops everything.

  proxy     ${stack.proxyUrl}   config in ${config}
  admin     ${stack.adminUrl}   /status /metrics /explain?identity=NAME
  cms-v1    ${stack.v1Url}   directly, without the proxy
  cms-v2    ${stack.v2Url}   directly, without the proxy
  database  ${withoutPassword(stack.databaseUrl)}
  logs      ${path.relative(root, stack.logs)}

Try
  curl -si -H 'X-User-Id: alice' '${stack.proxyUrl}/api/v1/posts?limit=1' | grep -i x-canary-version
  ${serin} explain alice
  ${serin} set 50          (or edit ${config}: the split moves within a second)
  curl -s ${stack.adminUrl}/metrics | grep serin_requests_total
`;
}

/** What has to stand before `npm run serin` so that it finds a stack that is not where it is by default. */
function serinVariables(settings: StackSettings): string {
  const admin = settings.ports.find(({ name }) => name === "admin");
  return admin === undefined || admin.port === 9901 ? "" : `SERIN_ADMIN_PORT=${admin.port} `;
}
