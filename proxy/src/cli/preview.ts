import { readFile } from "node:fs/promises";
import { createAdminClient } from "./admin-client.ts";
import { exitCodes } from "./command.ts";
import type { Command } from "./command.ts";
import { describePinned } from "./config-report.ts";
import { listField, objectField, textField, textList } from "./read-field.ts";
import { reportRefusal } from "./report-refusal.ts";
import { formatPairs } from "./table.ts";

type Fields = Record<string, unknown>;

/** `serin preview FILE`: what a config would do to the split if it were loaded, exactly; refuses to move users back. */
export const preview: Command = {
  name: "preview",
  args: ["FILE"],
  options: ["allow-backward", "admin", "token", "json"],
  summary: "say who would move if FILE were the config",
  run: async (context) => {
    const { options, print, complain } = context;
    const path = context.args[0] ?? "";
    const read = await readText(path);
    if (!read.ok) {
      complain(`serin preview: cannot read ${path} (${read.why})`);
      return exitCodes.failed;
    }
    const body = { config: read.text, name: path, allowBackward: options["allow-backward"] === true };
    const answer = await createAdminClient(context).post("/preview", { body });
    if (!answer.ok) {
      // Who would be moved back is in the refusal too, and is what one wants to see then.
      if (answer.refusal !== null && answer.status === 409 && !options.json) {
        describePreview(answer.refusal).forEach(print);
      }
      reportRefusal(context, "preview", answer);
      return exitCodes.failed;
    }
    const lines = options.json ? [JSON.stringify(answer.body, null, 2)] : describePreview(answer.body);
    lines.forEach(print);
    return exitCodes.ok;
  },
};

type ReadText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

async function readText(path: string): Promise<ReadText> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return { ok: false, why: error instanceof Error && "code" in error ? String(error.code) : String(error) };
  }
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, why: "it is not UTF-8" };
  }
}

function describePreview(body: Fields): string[] {
  const seen = objectField(body, "seen");
  return [
    textField(body, "sentence"),
    ...formatPairs([
      ["split", `${describeCohort(body, "from")} -> ${describeCohort(body, "to")} to v2`],
      ["points to v2", `${textField(body, "pointsToV2")} of 1000000`],
      ["points to v1", `${textField(body, "pointsToV1")} of 1000000`],
      ["seen lately", `${textField(seen, "total")} identities`],
      ...describeSeen(seen, "toV2", "to v2"),
      ...describeSeen(seen, "toV1", "to v1"),
      ...textList(body, "notes").map((note, index): [string, string] => [index === 0 ? "note" : "", note]),
      ...describePinned([], listField(body, "shadowed")),
    ]),
  ];
}

function describeCohort(body: Fields, key: string): string {
  return `${textField(objectField(body, key), "percentage")} %`;
}

/** How many of the identities seen lately go this way, and the first of them, by their hash. */
function describeSeen(seen: Fields, key: string, way: string): [string, string][] {
  const moved = objectField(seen, key);
  const keys = textList(moved, "keys");
  const count = textField(moved, "count");
  const more = Number(count) > keys.length ? ", ..." : "";
  return [[`  ${way}`, keys.length === 0 ? count : `${count}: ${keys.join(" ")}${more}`]];
}
