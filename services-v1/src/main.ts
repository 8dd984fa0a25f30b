import { env, exit, stderr } from "node:process";
import { createApp } from "./app.ts";
import { type Config, parseConfig } from "./config.ts";
import { createDatabase } from "./database.ts";
import { announcePresence } from "./presence.ts";
import { checkReadiness } from "./readiness.ts";

const exitUsage = 64;
/** Longest time for requests that are under way when the process is told to stop. */
const drainTimeoutMs = 10_000;

const parsed = parseConfig(env);
if ("problems" in parsed) {
  for (const problem of parsed.problems) stderr.write(`cms-v1: ${problem}\n`);
  exit(exitUsage);
}
await run(parsed.config);

async function run(config: Config): Promise<void> {
  let stopping = false;
  const database = createDatabase(config.databaseUrl, config.poolMax, (error) =>
    app.log.warn({ err: error }, "an idle database connection was lost"),
  );
  const presence = announcePresence(config.databaseUrl, (error) =>
    app.log.warn({ err: error }, "the presence lock was lost"),
  );
  const app = createApp(config, database, async () =>
    stopping ? "stopping" : checkReadiness(database, presence),
  );

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return;
    stopping = true;
    app.log.info({ signal }, "stopping");
    setTimeout(() => {
      app.log.error("requests were cut off at the end of the drain");
      exit(1);
    }, drainTimeoutMs).unref();
    await app.close();
    await presence.stop();
    await database.close();
    app.log.info("stopped");
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        app.log.error({ err: error }, "stopping failed");
        exit(1);
      });
    });
  }

  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    app.log.fatal({ err: error }, "cannot listen");
    exit(1);
  }
  const address = app.server.address();
  app.log.info({ port: typeof address === "object" ? address?.port : undefined }, "listening");
}
