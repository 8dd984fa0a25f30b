import { describeProblem } from "../config/problem.ts";
import type { PreviewResult } from "../control/preview-config.ts";
import { refuseBackward } from "../release/preview.ts";
import type { Cohort } from "../release/preview.ts";
import { problem } from "./server.ts";
import type { AdminAnswer, AdminEndpoint } from "./server.ts";

/** Identities named for each way; all are counted. */
const NAMED_KEYS = 10;
/** A config may be 1 MiB long, and JSON escapes some of it. */
const MAX_BODY_BYTES = 4_194_304;

/**
 * `POST /preview {config, name, allowBackward}`: what a reload of this text would do to the split. Changes nothing: a refusal
 * (409, users would move back to v1) is for scripts that ask before they write. `name` is what problems call the text.
 */
export function createPreviewEndpoint(preview: (text: string) => Promise<PreviewResult>): AdminEndpoint {
  return {
    method: "POST",
    path: "/preview",
    maxBodyBytes: MAX_BODY_BYTES,
    handle: async ({ body }) => {
      const config = fieldOf(body, "config");
      if (typeof config !== "string") {
        return problem(
          400,
          "config_missing",
          'Send the text of a config: {"config": "split: {percentage: 25}"}.',
        );
      }
      const name = fieldOf(body, "name");
      const allowBackward = fieldOf(body, "allowBackward") === true;
      return describePreview(
        await preview(config),
        typeof name === "string" ? name : "config",
        allowBackward,
      );
    },
  };
}

function describePreview(result: PreviewResult, name: string, allowBackward: boolean): AdminAnswer {
  if (!result.ok) {
    const problems = result.problems.map((one) => describeProblem(one, name));
    const error = `A reload would reject this config: ${problems.length} ${problems.length === 1 ? "problem" : "problems"}.`;
    const whatToDo = "Correct them; nothing has changed.";
    return { status: 422, body: { error, code: "bad_config", whatToDo, problems } };
  }
  const { preview, from, to, seen, notes, shadowed } = result;
  const body = {
    kind: preview.kind,
    sentence: preview.sentence,
    pointsToV2: preview.toV2,
    pointsToV1: preview.toV1,
    backward: preview.backward,
    from: describeCohort(from),
    to: describeCohort(to),
    seen: { total: seen, toV2: countKeys(preview.seenToV2), toV1: countKeys(preview.seenToV1) },
    notes,
    shadowed,
  };
  const error = refuseBackward(preview, allowBackward);
  return error === null
    ? { status: 200, body }
    : { status: 409, body: { error, code: "moves_users_back", ...body } };
}

function describeCohort({ weightPpm, salt, offset }: Cohort): object {
  return { percentage: weightPpm / 10_000, salt, offset };
}

function countKeys(keys: readonly string[]): object {
  return { count: keys.length, keys: keys.slice(0, NAMED_KEYS) };
}

function fieldOf(body: unknown, key: string): unknown {
  return typeof body === "object" && body !== null && Object.hasOwn(body, key)
    ? Reflect.get(body, key)
    : undefined;
}
