import { ClientFuzz } from "./client-fuzz.ts";

/** Inputs that one Serin takes before the run reports how far it is. */
const ROUND = 10_000;

/** `npm run fuzz -w serin [inputs] [first seed]`: the long form of the fuzz run; exits with 1 when anything is wrong. */
async function main(): Promise<void> {
  const inputs = Number(process.argv[2] ?? 200_000);
  const first = Number(process.argv[3] ?? 0);
  const startedMs = performance.now();
  await using fuzz = await ClientFuzz.start();
  for (let done = 0; done < inputs; done += ROUND) {
    const round = Math.min(ROUND, inputs - done);
    const report = await fuzz.run(Array.from({ length: round }, (_, i) => first + done + i));
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const statuses = [...report.statuses]
      .toSorted(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`);
    console.log(
      `${done + round} inputs in ${seconds} s, ${report.relayed} requests relayed and the same at both ends; ${statuses.join(", ")}`,
    );
    if (report.problems.length > 0) {
      for (const problem of report.problems.slice(0, 20)) console.error(problem);
      console.error(`${report.problems.length} problems`);
      process.exitCode = 1;
      return;
    }
  }
}

await main();
