import { listField, numberField, objectField, textField } from "./read-field.ts";

// The release of /status and of the commands' answers, set for people.

type Fields = Record<string, unknown>;

/** One line: id, version, weight, verdict, and who stopped it. */
export function describeReleaseBriefly(release: Fields): string {
  const latches = latchesOf(release).map(([name, who]) => `${name} ${who}`);
  return [
    `${textField(release, "id")} at version ${textField(release, "version")}`,
    `${textField(release, "percentage")} % to v2`,
    `verdict ${textField(release, "verdict")}`,
    ...latches,
  ].join(", ");
}

/** What `serin status` says about the release, a label and a value a line. */
export function describeRelease(release: Fields): [string, string][] {
  const started = textField(release, "startedAt");
  return [
    ["release", `${textField(release, "id")}, version ${textField(release, "version")}, started ${started}`],
    ...latchesOf(release),
    ["verdict", textField(release, "verdict")],
    ["", textField(release, "sentence")],
    ["evidence", describeEvidence(release)],
    ["harmed", describeHarmed(release)],
    ["next change", describeNext(objectField(release, "next"))],
    ...(release["logHealthy"] === false
      ? [["release log", "CANNOT BE WRITTEN: decisions last in memory only"] as [string, string]]
      : []),
  ];
}

/** The evidence as powers of ten, beside what it takes to freeze and to abort. */
function describeEvidence(release: Fields): string {
  const all = power(numberField(release, "evidenceLog10"));
  const byMetric = Object.entries(objectField(release, "evidenceLog10ByMetric"))
    .map(([metric, log]) => `${metric} ${power(typeof log === "number" ? log : null)}`)
    .join(", ");
  const thresholds = objectField(release, "evidenceThresholdsLog10");
  const suspect = power(numberField(thresholds, "suspect"));
  const harmful = power(numberField(thresholds, "harmful"));
  return `${all} (${byMetric}); suspect at ${suspect}, harmful at ${harmful}`;
}

function describeHarmed(release: Fields): string {
  const harmed = objectField(release, "harmedIdentities");
  const only = numberField(release, "harmedByV2Only");
  const share = numberField(release, "topIdentityShare");
  return [
    `${textField(harmed, "v2")} identities failed on v2, ${textField(harmed, "v1")} on v1`,
    ...(only === null ? [] : [`${only} by v2 beyond what v1 explains`]),
    ...(share === null ? [] : [`the worst one causes ${Math.round(share * 100)} % of the failed requests`]),
  ].join("; ");
}

function describeNext(next: Fields): string {
  const kind = textField(next, "kind");
  if (kind === "none") return `none: ${textField(next, "why")}`;
  const what = kind === "advance" ? `to ${textField(next, "percentage")} %` : "promote";
  const command = kind === "advance" ? "serin advance" : "serin promote";
  const how = next["automatic"] === true ? "by itself, if the verdict allows it" : `when you say ${command}`;
  return `${what}, from ${textField(next, "at")}, ${how}`;
}

/** Freezes, aborts and promotions in force: what, and by whom, when and why. */
function latchesOf(release: Fields): [string, string][] {
  return ["aborted", "frozen", "promoted"].flatMap((name): [string, string][] => {
    const [latch] = listField({ latch: [release[name]] }, "latch");
    if (latch === undefined) return [];
    const cause = name === "promoted" ? "" : ` (${textField(latch, "cause")})`;
    return [
      [
        name,
        `by ${textField(latch, "who")}${cause} at ${textField(latch, "time")}: ${textField(latch, "why")}`,
      ],
    ];
  });
}

function power(log10: number | null): string {
  if (log10 === null) return "-";
  // -0.0 would read as something
  return `10^${Number(log10.toFixed(1)) + 0}`;
}
