import { once } from "node:events";
import { createServer } from "node:net";
import { findPortHolder } from "./port-holder.ts";
import type { PortSetting } from "./settings.ts";

/** Where {@link findFreePort} looks: below the range from which the system takes ports for outgoing connections. */
const freeRange = { from: 20_000, size: 12_000 };
const freeAttempts = 100;

/**
 * Tries to bind every port as its owner will, and describes each that cannot be had: which, by whom it is held if that
 * can be known, and the variable that moves it. Empty when all are free.
 */
export async function findPortProblems(ports: readonly PortSetting[]): Promise<readonly string[]> {
  const problems = await Promise.all(ports.map(describeProblem));
  return problems.filter((problem) => problem !== null);
}

async function describeProblem(setting: PortSetting): Promise<string | null> {
  const code = await tryBind(setting.port, setting.host);
  if (code === null) return null;
  const move = `set ${setting.variable} to another port`;
  if (code === "EACCES") return `port ${setting.port} (${setting.name}) needs privileges; ${move}`;
  if (code !== "EADDRINUSE")
    return `port ${setting.port} (${setting.name}) cannot be bound: ${code}; ${move}`;
  const holder = await findPortHolder(setting.port);
  const by = holder === null ? "another process" : `process ${holder.pid} (${holder.command})`;
  return `port ${setting.port} (${setting.name}) is taken by ${by}; stop it or ${move}`;
}

/** The error code of binding the address, `null` when it can be bound. */
async function tryBind(port: number, host: string): Promise<string | null> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  server.close();
  await once(server, "close");
  return null;
}

/** A loopback port that is free now and that no outgoing connection can take by chance. */
export async function findFreePort(random: () => number = Math.random): Promise<number> {
  for (let attempt = 0; attempt < freeAttempts; attempt += 1) {
    const port = freeRange.from + Math.floor(random() * freeRange.size);
    if ((await tryBind(port, "0.0.0.0")) === null) return port;
  }
  throw new Error(`no free port from ${freeRange.from} to ${freeRange.from + freeRange.size - 1}`);
}
