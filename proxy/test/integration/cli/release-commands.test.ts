import { userInfo } from "node:os";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { runSerin } from "../../process/serin-command.ts";
import { SerinProcess } from "../../process/serin-process.ts";

const who = userInfo().username;

test(
  "a release is advanced, frozen, resumed, aborted and promoted, and history says by whom and why",
  { timeout: 60_000 },
  async () => {
    await using serin = await SerinProcess.start("workers: 2\nsplit: {percentage: 10}\n");
    const advanced = await runSerin(serin, "advance", "--why", "quiet week");
    expect(advanced).toEqual({
      code: 0,
      stdout: "advanced to 50 % (release v2, version 2)\n",
      stderr: "",
    });
    expect((await runSerin(serin, "freeze", "--why", "a holiday")).stdout).toContain("frozen");

    const refused = await runSerin(serin, "advance", "--force");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(
      new RegExp(`^serin advance: refused: the release was frozen by ${who} at .*: a holiday$`, "m"),
    );
    expect(refused.stderr).toMatch(/^ {2}what to do {2}Resume it first/m);
    expect(refused.stderr).toMatch(/^ {2}now +v2 at version 3, 50 % to v2, .*frozen by .*: a holiday$/m);

    expect((await runSerin(serin, "resume")).code).toBe(0);
    expect((await runSerin(serin, "abort", "--why", "tickets")).stdout).toContain("all users are on v1");
    const aborted = await runSerin(serin, "status");
    expect(aborted.stdout).toMatch(new RegExp(`^aborted +by ${who} \\(operator\\) at .*: tickets$`, "m"));
    expect(aborted.stdout).toMatch(/^next change +none: the release is aborted; resume it first$/m);
    expect(await serin.status()).toMatchObject({ effectivePercentage: 0 });

    expect((await runSerin(serin, "resume")).code).toBe(0);
    expect((await runSerin(serin, "promote")).code).toBe(0);
    expect(await serin.status()).toMatchObject({ effectivePercentage: 100 });

    const { stdout } = await runSerin(serin, "history", "--limit", "3");
    expect(stdout.trim().split("\n")).toHaveLength(4);
    const whole = await runSerin(serin, "history");
    expect(whole.stdout).toMatch(new RegExp(`^2 +\\S+ +v2 +advanced 50 % +${who} +quiet week$`, "m"));
    expect(whole.stdout).toMatch(new RegExp(`aborted \\(operator\\) +${who} +tickets$`, "m"));
  },
);

test("a command for a version that has passed is refused with the present state and changes nothing", async () => {
  await using serin = await SerinProcess.start("workers: 1\nsplit: {percentage: 10}\n");
  const [first, second] = [
    await runSerin(serin, "advance", "--if-match", "1"),
    await runSerin(serin, "abort", "--if-match", "1"),
  ];
  expect(first.code).toBe(0);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain("the release is at version 2, the command was made for version 1");
  expect(second.stderr).toContain("repeat it with If-Match: 2");
  expect(await serin.status()).toMatchObject({ percentage: 50, aborted: false });
  expect((await runSerin(serin, "abort", "--if-match", "two")).code).toBe(64);
});

test("status shows verdict, evidence against its thresholds, harm and the next change", async () => {
  await using serin = await SerinProcess.start(
    "workers: 1\nsplit: {percentage: 10}\nrelease: {steps: [10% for 1h, 50% for 1h], advance: auto}\n",
  );
  const { stdout } = await runSerin(serin, "status");
  expect(stdout).toMatch(/^verdict +inconclusive$/m);
  expect(stdout).toMatch(/^ +inconclusive: no identity has failed yet; evidence of harm/m);
  expect(stdout).toMatch(
    /^evidence +10\^0 \(errors 10\^0, slow 10\^0\); suspect at 10\^2, harmful at 10\^3$/m,
  );
  expect(stdout).toMatch(/^harmed +0 identities failed on v2, 0 on v1/m);
  expect(stdout).toMatch(/^next change +to 50 %, from \d{4}-.*Z, by itself, if the verdict allows it$/m);
});

test("set puts the asked weight in force after the plan has moved on, and says that users move back", async () => {
  await using serin = await SerinProcess.start("workers: 2\nsplit: {percentage: 10}\n");
  await runSerin(serin, "advance");
  expect(await serin.status()).toMatchObject({ effectivePercentage: 50 });
  const { code, stdout, stderr } = await runSerin(serin, "set", "10");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^split 50 % -> 10 % to v2 \(generation \d+, 2 workers\)$/m);
  expect(stdout).toContain("40 % of users move back from v2 to v1\n");
  expect(await serin.status()).toMatchObject({ percentage: 10, effectivePercentage: 10 });
  expect(await readFile(serin.configPath, "utf8")).toContain("percentage: 10}");
  expect((await runSerin(serin, "set", "12.5")).stdout).toContain(
    "2.5 % of users move from v1 to v2, nobody back\n",
  );
});

test("what an operator typed cannot move the cursor of another's terminal", async () => {
  await using serin = await SerinProcess.start("workers: 1\n");
  await runSerin(serin, "freeze", "--why", "\u001B[2J\u0007gone");
  const { stdout } = await runSerin(serin, "history");
  expect(stdout).toContain("?[2J?gone");
  expect(stdout).not.toContain("\u001B");
});
