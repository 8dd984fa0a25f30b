import { readFile } from "node:fs/promises";
import { setPercentage } from "../config/edit.ts";
import { parsePercentage } from "../config/percentage.ts";
import { replaceFile } from "../config/replace-file.ts";
import { createAdminClient } from "./admin-client.ts";
import type { AdminClient } from "./admin-client.ts";
import { exitCodes } from "./command.ts";
import type { Command, CommandContext } from "./command.ts";
import { operatorName } from "./operator.ts";
import { listField, numberField, textField, textList } from "./read-field.ts";

const pollMs = 50;
const deadlineMs = 15_000;

type Step<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: string };

/** `serin set PERCENT`: writes the percentage to the file and returns once every worker runs it. */
export const set: Command = {
  name: "set",
  args: ["PERCENT"],
  options: ["admin", "token", "json"],
  summary: "set the share of users that v2 gets, and wait until it is in force",
  run: async (context) => {
    const percent = context.args[0] ?? "";
    if (parsePercentage(percent) === null) {
      context.complain(`serin set: ${percent} is not a percentage from 0 to 100 with at most 4 decimals`);
      return exitCodes.usage;
    }
    const done = await changeSplit(context, createAdminClient(context), percent);
    if (!done.ok) {
      context.complain(`serin set: ${done.reason}`);
      return exitCodes.failed;
    }
    const { from, to, generation, workers, moved, caution } = done;
    if (context.options.json) {
      context.print(JSON.stringify({ from, percentage: to, generation, workers, moved }, null, 2));
    } else {
      context.print(
        `split ${from} % -> ${to} % to v2 (generation ${generation}, ${workers} ${workers === 1 ? "worker" : "workers"})`,
      );
      context.print(describeMove(moved));
    }
    if (caution !== null) {
      context.complain(`serin set: ${caution}`);
    }
    return exitCodes.ok;
  },
};

interface SplitChange {
  readonly from: number | null;
  readonly to: number | null;
  readonly generation: number;
  readonly workers: number;
  /** Percent of users that go from v1 to v2; below 0, that go back. */
  readonly moved: number;
  readonly caution: string | null;
}

/** What `/status` says once every worker runs the newest snapshot. */
interface InForce {
  readonly body: Record<string, unknown>;
  readonly generation: number;
  readonly workers: number;
}

async function changeSplit(
  context: CommandContext,
  admin: AdminClient,
  percent: string,
): Promise<Step<SplitChange>> {
  const before = await admin.get("/status");
  if (!before.ok) {
    return before;
  }
  const pin = listField(before.body, "pinned").find(({ path }) => path === "split.percentage");
  if (pin !== undefined) {
    const reason = `split.percentage is pinned by ${textField(pin, "env")}; change that variable and restart, or unset it`;
    return { ok: false, reason };
  }
  const configPath = before.body["configPath"];
  if (typeof configPath !== "string") {
    return { ok: false, reason: "serin runs without a config file; start it with --config FILE" };
  }
  const written = await writePercentage(configPath, percent);
  if (!written.ok) {
    return written;
  }
  const reload = await admin.post("/reload");
  if (!reload.ok) {
    return { ok: false, reason: `${configPath} is written, but ${reload.reason}` };
  }
  if (reload.body["result"] === "rejected") {
    const problems = textList(reload.body, "problems").map((problem) => `\n  ${problem}`);
    const reason = `${configPath} is written, but the reload was rejected:${problems.join("")}`;
    return { ok: false, reason };
  }
  const reloaded = await waitForWorkers(context, admin, numberField(reload.body, "generation") ?? 0);
  const after = reloaded.ok ? await insist(context, admin, reloaded, percent) : reloaded;
  if (!after.ok) {
    return after;
  }
  const { body, generation, workers } = after;
  return {
    ok: true,
    from: numberField(before.body, "percentage"),
    to: numberField(body, "percentage"),
    generation,
    workers,
    moved: movedPercent(before.body, body),
    caution: cautionOf(body),
  };
}

/**
 * A plan that has moved on stays where it is when the file says what it said before. Then the release itself is told, so that
 * what was asked for is in force, whoever moved the weight last.
 */
async function insist(
  context: CommandContext,
  admin: AdminClient,
  reloaded: { readonly ok: true } & InForce,
  percent: string,
): Promise<Step<InForce>> {
  const wanted = (parsePercentage(percent) ?? 0) / 10_000;
  if (numberField(reloaded.body, "percentage") === wanted) {
    return reloaded;
  }
  const body = { who: operatorName(), why: `serin set ${percent}`, percentage: wanted };
  const told = await admin.post("/weight", { body });
  return told.ok
    ? waitForWorkers(context, admin, reloaded.generation)
    : { ok: false, reason: `the file says ${percent} %, but the weight is not in force: ${told.reason}` };
}

/** By the weights that requests really met: under a kill switch nobody moves. */
function movedPercent(before: Record<string, unknown>, after: Record<string, unknown>): number {
  const from = numberField(before, "effectivePercentage") ?? 0;
  const to = numberField(after, "effectivePercentage") ?? 0;
  return Math.round((to - from) * 10_000) / 10_000;
}

function describeMove(moved: number): string {
  if (moved === 0) {
    return "no user moves";
  }
  return moved > 0
    ? `${moved} % of users move from v1 to v2, nobody back`
    : `${-moved} % of users move back from v2 to v1`;
}

async function writePercentage(configPath: string, percent: string): Promise<Step<object>> {
  try {
    const text = await readFile(configPath, "utf8");
    const edited = setPercentage(text, percent);
    if (!edited.ok) {
      return { ok: false, reason: `cannot set split.percentage: ${edited.reason}` };
    }
    // Text that says so already is not written again, so that no watcher wakes for nothing.
    if (edited.text === text || (await replaceFile(configPath, edited.text, text))) {
      return { ok: true };
    }
    return { ok: false, reason: `${configPath} was changed by someone else just now; nothing was written` };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return {
      ok: false,
      reason: `cannot write ${configPath} (${code}); run this where serin's config file is writable`,
    };
  }
}

/** Polls until no worker runs an older generation. */
async function waitForWorkers(
  context: CommandContext,
  admin: AdminClient,
  generation: number,
): Promise<Step<InForce>> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const answer = await admin.get("/status");
    if (!answer.ok) {
      return answer;
    }
    const { body } = answer;
    const current = Math.max(generation, numberField(body, "generation") ?? 0);
    const workers = listField(body, "workers");
    const behind = workers.filter((worker) => (numberField(worker, "generation") ?? 0) < current);
    if (behind.length === 0) {
      return { ok: true, body, generation: current, workers: workers.length };
    }
    if (waitedMs >= deadlineMs) {
      const names = behind.map((worker) => textField(worker, "id")).join(", ");
      return {
        ok: false,
        reason: `after ${deadlineMs / 1000} s still behind generation ${current}: worker ${names}`,
      };
    }
    await context.pause(pollMs);
  }
}

/** Why the percentage, though in force, is without effect. */
function cautionOf(body: Record<string, unknown>): string | null {
  if (body["killSwitch"] === true) {
    return "the kill switch is on, so everything still goes to v1";
  }
  return body["aborted"] === true ? "the release is aborted, so everything still goes to v1" : null;
}
