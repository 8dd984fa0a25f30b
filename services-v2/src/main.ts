import { pino } from "pino";
import { createApp } from "./app.ts";
import { parseSettings } from "./settings.ts";

/** sysexits.h: EX_USAGE, for an environment that cannot be worked with. */
const badEnvironment = 64;
/** Past this, connections that will not end are cut. */
const stopTimeoutMs = 10_000;

const parsed = parseSettings(process.env);
if (!parsed.ok) {
  process.stderr.write(`cms-v2 cannot start:\n${parsed.problems.map((each) => `  ${each}\n`).join("")}`);
  process.exit(badEnvironment);
}

const log = pino({ level: parsed.settings.logLevel, base: { service: "cms-v2" } });
const app = await createApp(parsed.settings, log);

let stopping = false;
const stop = (signal: NodeJS.Signals): void => {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, "stopping");
  setTimeout(() => {
    log.error({}, "stopping took too long");
    process.exit(1);
  }, stopTimeoutMs).unref();
  app.stop().then(
    () => log.info({}, "stopped"),
    (error: unknown) => {
      log.error({ err: error }, "stopping failed");
      process.exitCode = 1;
    },
  );
};
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

try {
  const port = await app.listen();
  // Whoever started us waits for this line, however quiet the log is to be.
  log.child({}, { level: "info" }).info({ port }, "listening");
} catch (error) {
  log.fatal({ err: error }, "could not listen");
  await app.stop();
  process.exitCode = 1;
}
