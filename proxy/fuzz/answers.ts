import { AnswerFuzz } from "./answer-fuzz.ts";

/** Inputs after which the run reports how far it is. */
const ROUND = 10_000;

/** `npm run fuzz:answers -w serin [inputs] [first seed]`: the long form; exits with 1 when anything is wrong. */
async function main(): Promise<void> {
  const inputs = Number(process.argv[2] ?? 200_000);
  const first = Number(process.argv[3] ?? 0);
  const startedMs = performance.now();
  await using fuzz = await AnswerFuzz.start();
  for (let done = 0; done < inputs; done += ROUND) {
    const round = Math.min(ROUND, inputs - done);
    const report = await fuzz.run(Array.from({ length: round }, (_, i) => first + done + i));
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    console.log(
      `${done + round} answers in ${seconds} s: ${report.relayed} relayed and the same at both ends, ` +
        `${report.refused} refused, ${report.cut} cut`,
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
