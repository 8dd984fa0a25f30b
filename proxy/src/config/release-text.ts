import { parseDuration } from "./duration.ts";
import { parsePercentage } from "./percentage.ts";

/** One step of the plan as `release.steps` writes it, compiled. */
export interface StepSetting {
  readonly weightPpm: number;
  readonly holdMs: number;
}

/** `10% for 7d`: the weight, and how long it holds before the next. */
export function parseStep(text: string): StepSetting | null {
  const match = /^([\d.]+) ?% for (\S+)$/.exec(text);
  const weightPpm = match === null ? null : parsePercentage(match[1] ?? "");
  const holdMs = match === null ? null : parseDuration(match[2] ?? "");
  return weightPpm === null || weightPpm === 0 || holdMs === null ? null : { weightPpm, holdMs };
}

/** A span of the week as `release.windows` writes it, compiled: ISO days (Monday is 1), minutes after midnight. */
export interface WindowSetting {
  readonly days: readonly number[];
  readonly fromMinute: number;
  readonly toMinute: number;
}

const dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** `mon-thu 09:00-16:00`, or a single day: `fri 09:00-12:00`. Days may wrap (`sat-mon`), hours may not. */
export function parseWindow(text: string): WindowSetting | null {
  const match = /^([a-z]{3})(?:-([a-z]{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text);
  if (match === null) {
    return null;
  }
  const first = dayNames.indexOf(match[1] ?? "");
  const last = dayNames.indexOf(match[2] ?? match[1] ?? "");
  const fromMinute = minuteOf(match[3], match[4]);
  const toMinute = minuteOf(match[5], match[6]);
  if (first === -1 || last === -1 || fromMinute === null || toMinute === null || fromMinute >= toMinute) {
    return null;
  }
  const count = ((last - first + 7) % 7) + 1;
  const days = Array.from({ length: count }, (_, i) => ((first + i) % 7) + 1);
  return { days, fromMinute, toMinute };
}

function minuteOf(hours: string | undefined, minutes: string | undefined): number | null {
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= 1440 ? minute : null;
}

/** Whether the runtime knows the time zone by this name. */
export function isTimeZone(name: string): boolean {
  return name !== "" && (Intl.supportedValuesOf("timeZone").includes(name) || name === "UTC");
}
