import type { ReleaseConfig } from "./config.ts";
import { integer, milliseconds, oneOf, percentage, text, textList } from "./leaf.ts";
import { isTimeZone, parseStep, parseWindow } from "./release-text.ts";
import type { SchemaOf } from "./schema-of.ts";

const secretPattern = /^[\x21-\x7e]{0,512}$/;

/** The schema of `release`: the plan, what is judged, and who is told. */
export const releaseSchema: SchemaOf<ReleaseConfig> = {
  id: text(
    "v2",
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "letters, digits, dots, - and _, at most 64",
    "Name of the rollout; evidence and history belong to it. A new one starts from nothing.",
  ),
  logPath: text(
    ".data/serin-release.jsonl",
    /^[^\0]{1,4096}$/,
    "the path of a file",
    "The release's append-only event log.",
    { restart: true },
  ),
  steps: textList(
    ["10% for 1w", "50% for 1w", "90% for 1w", "100% for 1w"],
    1,
    32,
    'a step such as "10% for 1w" (units ms, s, m, h, d, w)',
    (entry) => parseStep(entry) !== null,
    "The plan: each weight, and how long it holds before the next; each more than the one before.",
  ),
  advance: oneOf(
    "manual",
    ["manual", "auto"],
    "Who takes the next step when the hold is over: an operator (serin advance), or Serin.",
  ),
  advanceNeeds: oneOf(
    "safe",
    ["safe", "not-suspect"],
    "What an automatic step needs: the verdict safe, or only no suspicion (for too little traffic to tell).",
  ),
  rollback: oneOf(
    "auto",
    ["auto", "advise", "off"],
    "What a harmful verdict does: aborts, only freezes the plan, or nothing.",
  ),
  warmupMs: milliseconds(
    60_000,
    0,
    "After each change of the weight slowness and limits are not judged for this long.",
  ),
  timeZone: {
    ...text(
      "UTC",
      /^[A-Za-z0-9_+\-/]{1,64}$/,
      "an IANA time zone such as Europe/Berlin",
      "Time zone of the windows.",
    ),
    findings: (value) =>
      typeof value === "string" && isTimeZone(value)
        ? []
        : [{ at: "", value, expected: "an IANA time zone such as Europe/Berlin" }],
  },
  windows: textList(
    [],
    0,
    32,
    'a window such as "mon-thu 09:00-16:00"',
    (entry) => parseWindow(entry) !== null,
    "When automatic steps are allowed; empty means always.",
  ),
  slowThresholdMs: integer(
    0,
    0,
    600_000,
    "An answer whose head takes longer counts as slow; 0 takes the bucket bound of v1's measured p99.9.",
  ),
  maxErrorRateExcess: percentage(5, "Limit: how many points v2's error rate may lie above v1's."),
  maxP99Ms: integer(
    500,
    1,
    600_000,
    "Limit: v2's p99 while v1's is below it; rounded to a bound of the histograms.",
  ),
  limitMinRequests: integer(
    200,
    20,
    1_000_000,
    "Requests of each version that a window needs for the limits to be judged.",
  ),
  harmBudget: integer(
    0,
    0,
    1_000_000,
    "Aborts when v2 alone has harmed this many identities; 0 means no budget.",
  ),
  quarantineMs: milliseconds(600_000, 0, "A rescued identity stays on v1 for this long; 0 turns it off."),
  webhookUrl: {
    ...text(
      "",
      /^(https?:\/\/[^\s]{1,2048})?$/,
      "an http:// or https:// address, or empty",
      "Told of every decision, as JSON.",
    ),
    secret: true,
  },
  webhookSecret: text(
    "",
    secretPattern,
    "printable ASCII without spaces, at most 512 characters",
    "Key of the webhook's HMAC-SHA256 signature (X-Serin-Signature).",
    { secret: true },
  ),
  onRollback: oneOf(
    "drain",
    ["keep", "drain", "close"],
    "What happens to v2's tunnels and streams when its weight becomes 0: kept, closed after drain.timeoutMs, or closed at once.",
  ),
  rollbackSpreadMs: milliseconds(
    5000,
    0,
    "They are closed at random moments over this long, so that their clients do not come back all at once.",
  ),
};
