/** Spans of the week in which the plan may advance, by the clock of a named time zone. */
export interface WeekWindow {
  /** Days of the week, 1 (Monday) to 7 (Sunday), as ISO 8601 numbers them. */
  readonly days: readonly number[];
  /** Minutes after local midnight, 0 to 1439; inclusive. */
  readonly fromMinute: number;
  /** Minutes after local midnight, up to 1440; exclusive and later than `fromMinute`. */
  readonly toMinute: number;
}

export interface WeekWindows {
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
  /** With none, advancing is always allowed. */
  readonly windows: readonly WeekWindow[];
}

export const ALWAYS_OPEN: WeekWindows = Object.freeze({ timeZone: "UTC", windows: Object.freeze([]) });

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** True when `Intl` knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** True when advancing is allowed at this instant (ms since 1970 UTC). */
export function isOpen(week: WeekWindows, wallMs: number): boolean {
  if (week.windows.length === 0) return true;
  return isOpenLocally(week, localMs(formatterOf(week.timeZone), wallMs));
}

/**
 * The first instant from `wallMs` on at which advancing is allowed, or `null` when no window ever opens. Right over
 * changes to and from summer time: an hour that is skipped opens at the change, one that comes twice opens twice.
 */
export function nextOpen(week: WeekWindows, wallMs: number): number | null {
  const formatter = formatterOf(week.timeZone);
  if (week.windows.length === 0 || isOpenLocally(week, localMs(formatter, wallMs))) return wallMs;
  const today = Math.floor(localMs(formatter, wallMs) / DAY_MS) * DAY_MS;
  // Eight days: the window of today may have passed, and then the same day of next week is the first.
  for (let day = 0; day <= 8; day += 1) {
    const midnight = today + day * DAY_MS;
    const starts = week.windows
      .filter((window) => window.days.includes(isoDay(midnight)))
      .map((window) => firstInstant(formatter, midnight + window.fromMinute * MINUTE_MS))
      .filter((instant) => instant >= wallMs && isOpenLocally(week, localMs(formatter, instant)));
    if (starts.length > 0) return Math.min(...starts);
  }
  return null;
}

function isOpenLocally(week: WeekWindows, local: number): boolean {
  const minute = Math.floor((local - Math.floor(local / DAY_MS) * DAY_MS) / MINUTE_MS);
  const day = isoDay(local);
  return week.windows.some(
    (window) => window.days.includes(day) && minute >= window.fromMinute && minute < window.toMinute,
  );
}

/** The first instant at which the local clock shows `local` or, when it skips that, the instant of the skip. */
function firstInstant(formatter: Intl.DateTimeFormat, local: number): number {
  // The offset is that of a day before or of a day after; a zone does not change twice in two days.
  const early = local - offsetAt(formatter, local - DAY_MS);
  const late = local - offsetAt(formatter, local + DAY_MS);
  const exact = [early, late].filter((instant) => localMs(formatter, instant) === local);
  if (exact.length > 0) return Math.min(...exact);
  let instant = Math.min(early, late);
  while (localMs(formatter, instant) < local) instant += MINUTE_MS;
  return instant;
}

function offsetAt(formatter: Intl.DateTimeFormat, wallMs: number): number {
  return localMs(formatter, wallMs) - Math.floor(wallMs / 1_000) * 1_000;
}

/** What the local clock shows, written as if it were UTC. */
function localMs(formatter: Intl.DateTimeFormat, wallMs: number): number {
  const fields = new Map(formatter.formatToParts(wallMs).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(
    fields.get("year") ?? 1970,
    (fields.get("month") ?? 1) - 1,
    fields.get("day") ?? 1,
    fields.get("hour") ?? 0,
    fields.get("minute") ?? 0,
    fields.get("second") ?? 0,
  );
}

function isoDay(local: number): number {
  return new Date(local).getUTCDay() || 7;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}
