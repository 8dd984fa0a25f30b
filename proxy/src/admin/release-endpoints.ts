import { parsePercentage } from "../config/percentage.ts";
import type { DecisionEvent } from "../release/events.ts";
import type { Command } from "../release/handle-command.ts";
import type { CommandResult } from "../release/pilot-ports.ts";
import type { ReleaseState } from "../release/state.ts";
import { problem } from "./server.ts";
import type { AdminAnswer, AdminEndpoint, AdminRequest } from "./server.ts";

/** What the admin server can ask of the release. */
export interface ReleaseBackend {
  readonly history: (limit: number) => readonly DecisionEvent[];
  readonly command: (command: Command) => Promise<CommandResult>;
  /** Shows a state as `/status` does. */
  readonly describe: () => unknown;
}

const DEFAULT_HISTORY = 100;
const MAX_HISTORY = 10_000;

/** History and commands of the release. Commands take `{who, why}` and, in `If-Match`, the version that was seen. */
export function createReleaseEndpoints(backend: ReleaseBackend): AdminEndpoint[] {
  const command = (
    path: string,
    parse: (base: CommandBase, body: Fields) => Command | string,
  ): AdminEndpoint => ({
    method: "POST",
    path,
    handle: (request) => obey(backend, request, parse),
  });
  return [
    {
      method: "GET",
      path: "/history",
      handle: ({ query }) => {
        const limit = Number(query.get("limit") ?? DEFAULT_HISTORY);
        if (!Number.isInteger(limit) || limit < 1 || limit > MAX_HISTORY) {
          return problem(400, "bad_limit", `limit is a whole number from 1 to ${MAX_HISTORY}.`);
        }
        return { status: 200, body: { decisions: backend.history(limit) } };
      },
    },
    command("/abort", (base) => ({ ...base, type: "abort" })),
    command("/resume", (base) => ({ ...base, type: "resume" })),
    command("/freeze", (base) => ({ ...base, type: "freeze" })),
    command("/promote", (base) => ({ ...base, type: "promote" })),
    command("/advance", (base, body) => ({ ...base, type: "advance", force: body["force"] === true })),
    command("/weight", (base, body) => {
      const weightPpm = parsePercentage(String(body["percentage"]));
      if (weightPpm === null) return "percentage is a number from 0 to 100 with at most 4 decimals.";
      return { ...base, type: "set-weight", weightPpm };
    }),
  ];
}

type CommandBase = Pick<Command, "who" | "why" | "ifMatch">;
type Fields = Readonly<Record<string, unknown>>;

async function obey(
  backend: ReleaseBackend,
  { body, ifMatch }: AdminRequest,
  parse: (base: CommandBase, body: Fields) => Command | string,
): Promise<AdminAnswer> {
  const version = parseVersion(ifMatch);
  if (version === undefined) {
    return problem(
      400,
      "bad_if_match",
      "If-Match is the release's version, a whole number, as /status gives it.",
    );
  }
  const fields: Fields = isFields(body) ? body : {};
  const base = {
    who: textOf(fields["who"], "admin"),
    why: textOf(fields["why"], "no reason given"),
    ifMatch: version,
  };
  const command = parse(base, fields);
  if (typeof command === "string") return problem(400, "bad_command", command);
  const result = await backend.command(command);
  if (!result.ok) {
    const status = result.refused === "stale" ? 412 : 409;
    const { reason, whatToDo } = result;
    return { status, body: { error: reason, code: result.refused, whatToDo, release: backend.describe() } };
  }
  const alarm = result.written.durable ? null : result.written.alarm;
  return { status: 200, body: { result: result.sentence, alarm, release: backend.describe() } };
}

/** `null` without the header or for `*`; undefined when it is no version. Quotes, as ETags have them, are fine. */
function parseVersion(ifMatch: string | null): number | null | undefined {
  if (ifMatch === null || ifMatch === "*") return null;
  const digits = /^"?(\d{1,15})"?$/.exec(ifMatch.trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a person gave as text, cut to what a log line should hold. */
function textOf(value: unknown, fallback: string): string {
  return typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, 500) : fallback;
}

/** The parts of a state that people act by. */
export function describeState(state: ReleaseState): object {
  const { releaseId, version, startedAt, changedAt, weightPpm, step, frozen, aborted, promoted } = state;
  return {
    id: releaseId,
    version,
    startedAt,
    changedAt,
    percentage: weightPpm / 10_000,
    step,
    frozen,
    aborted,
    promoted,
  };
}
