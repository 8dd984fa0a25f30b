import { setTimeout as pause } from "node:timers/promises";
import { Inspector, WITH_INSPECTOR } from "../test/process/inspector.ts";
import { SerinProcess } from "../test/process/serin-process.ts";
import { TestUpstream, configFor } from "../test/process/test-upstream.ts";
import { KeptClient } from "./kept-client.ts";

const CLIENTS = 32;
const KILLS = 20;
const ANSWER_AFTER_MS = 100;
/** Between two kills. The oldest worker is killed, so each lives long enough for its restart not to be held back. */
const KILL_EVERY_MS = 6000;

/**
 * `npm run kills -w serin`: kills 20 workers under load and exits with 1 when a request fails that was not the killed
 * worker's. Which worker has which connection is read from the access log.
 */
async function main(): Promise<void> {
  await using upstream = await TestUpstream.start("v1", (_, response) => {
    setTimeout(() => response.end("ok"), ANSWER_AFTER_MS);
  });
  upstream.server.keepAliveTimeout = 60_000;
  await using serin = await SerinProcess.start(configFor(upstream, upstream, "workers: 2\n"), WITH_INSPECTOR);
  using inspector = await Inspector.attach(serin);
  const clients = Array.from({ length: CLIENTS }, (_, i) => new KeptClient(serin.port, `client${i}`));
  const problems: string[] = [];
  let failedOfVictims = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await pause(KILL_EVERY_MS);
    const owners = ownersOf(serin);
    // What follows must be found in lines of its own.
    serin.log.length = 0;
    const failedBefore = new Map(clients.map((client) => [client, client.failed.length]));
    const underWay = clients.flatMap(({ underWay }) => underWay ?? []);
    const [oldest] = inspector.workers;
    if (oldest === undefined) throw new Error("no worker to kill");
    // It never answers: the worker is gone.
    inspector.runInWorker(oldest, "process.exit(9)").catch(() => undefined);
    const death = await serin.waitForLog((line) => line["msg"] === "worker died, restarting it");
    const diedMs = performance.now();
    const victim = Number(death["worker"]);
    await pause(1000);
    const failed = clients.flatMap((client) => client.failed.slice(failedBefore.get(client)));
    const others = failed.filter(({ connection }) => (owners.get(connection) ?? victim) !== victim);
    const late = failed.filter(({ connectionOpenedMs }) => connectionOpenedMs > diedMs);
    const inFlight = (worker: (owner: number | undefined) => boolean): number =>
      underWay.filter((connection) => worker(owners.get(connection))).length;
    console.log(
      `kill ${kill} of worker ${victim}: in flight ${inFlight((owner) => owner === victim)} on it, ` +
        `${inFlight((owner) => owner !== undefined && owner !== victim)} on the other, ` +
        `${inFlight((owner) => owner === undefined)} on new connections; ` +
        `failed ${failed.length}, of them ${others.length} of the other's, ${late.length} on connections opened afterwards; ` +
        `restart in ${String(death["restartInMs"])} ms`,
    );
    failedOfVictims += failed.length;
    for (const request of new Set([...others, ...late])) problems.push(JSON.stringify(request));
  }
  await Promise.all(clients.map((client) => client.stop()));
  const answered = clients.reduce((sum, client) => sum + client.answered, 0);
  const failed = clients.reduce((sum, client) => sum + client.failed.length, 0);
  const restarts = await serin.sumMetric("serin_worker_restarts_total");
  console.log(`${answered} answered, ${failed} failed, ${restarts} restarts`);
  if (failed !== failedOfVictims)
    problems.push(`${failed - failedOfVictims} requests failed while nobody was killed`);
  if (restarts !== KILLS) problems.push(`${restarts} restarts for ${KILLS} kills`);
  console.log(problems.length === 0 ? "only the killed workers' requests failed" : problems.join("\n"));
  if (problems.length > 0) process.exitCode = 1;
}

/** Connections by name, each with the worker that has answered on it. */
function ownersOf(serin: SerinProcess): Map<string, number> {
  return new Map(
    serin.log
      .filter((line) => line["msg"] === "request")
      .map((line) => [String(line["path"]).slice(1), Number(line["worker"])]),
  );
}

await main();
