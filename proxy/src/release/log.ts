import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isDecision, type DecisionEvent, type ReleaseEvent } from "./events.ts";
import { openForWriting, readExisting, syncFolder, writeFully, type LogFile } from "./log-file.ts";
import { parseEvent } from "./parse-event.ts";
import { formatCompacted, formatEvent, readLog, type Recovered } from "./read-log.ts";
import { applyEvent, followsOn, type ReleaseState } from "./state.ts";

/** That events are on disk, or why not. They are in force in memory either way. */
export type AppendResult = { readonly durable: true } | { readonly durable: false; readonly alarm: string };

/** The append-only log of a release and the state that it gives. */
export interface ReleaseLog {
  /** The state after all events appended so far, on disk or not. */
  readonly state: () => ReleaseState;
  /** The newest decisions, oldest first. */
  readonly history: (limit?: number) => readonly DecisionEvent[];
  /** False from a failed write until one has succeeded, with everything that was missed. */
  readonly isHealthy: () => boolean;
  /**
   * Applies the events at once and resolves when they are on disk (written and fsynced; calls meanwhile share one fsync).
   * What cannot be written is kept, tried again with the next call, and reported. Rejects, with nothing applied, only for an
   * event that could not be read back or does not follow on the state: a bug, which must not make the log unreadable.
   */
  readonly append: (events: readonly ReleaseEvent[]) => Promise<AppendResult>;
  /** Writes what is left, then closes the file. */
  readonly close: () => Promise<AppendResult>;
}

export interface ReleaseLogOptions {
  readonly path: string;
  /** Opens the log for writing without truncating it. For tests that need a disk that fails. */
  readonly openFile?: (path: string) => Promise<LogFile>;
  /** Compact when the file is larger than this and than twice what the last compaction left. */
  readonly compactBytes?: number;
  /** Decisions that compaction keeps for the audit. */
  readonly maxDecisions?: number;
}

export type OpenLogResult =
  | { readonly ok: true; readonly log: ReleaseLog; readonly warning: string | null }
  | { readonly ok: false; readonly problem: string };

const DEFAULT_COMPACT_BYTES = 4 * 1024 * 1024;
const DEFAULT_MAX_DECISIONS = 10_000;
/** Lines kept while the disk refuses them; past it the next good write is a compaction instead, which needs none of them. */
const MAX_BACKLOG = 10_000;

/**
 * Opens or creates the log and recovers its state. A torn last line is cut off, with a warning; a log damaged elsewhere, or one
 * that cannot be opened, is a problem in words: starting over silently would lift an abort.
 */
export async function openReleaseLog(options: ReleaseLogOptions): Promise<OpenLogResult> {
  const { path } = options;
  let file: LogFile | null = null;
  try {
    await mkdir(dirname(path), { recursive: true });
    await rm(compactingPath(path), { force: true });
    file = await (options.openFile ?? openForWriting)(path);
    const recovered = readLog(await readExisting(path));
    if (!recovered.ok) {
      await file.close();
      return { ok: false, problem: `${path}: ${recovered.problem}` };
    }
    if (recovered.warning !== null) {
      await file.truncate(recovered.validBytes);
      await file.sync();
    }
    await syncFolder(path);
    return { ok: true, log: createLog(options, file, recovered), warning: recovered.warning };
  } catch (error) {
    await file?.close().catch(() => undefined);
    return { ok: false, problem: `${path}: ${messageOf(error)}` };
  }
}

function createLog(options: ReleaseLogOptions, opened: LogFile, recovered: Recovered): ReleaseLog {
  const { path, openFile = openForWriting } = options;
  const { compactBytes = DEFAULT_COMPACT_BYTES, maxDecisions = DEFAULT_MAX_DECISIONS } = options;
  const history = [...recovered.history];
  let { state, droppedDecisions, validBytes: sizeBytes } = recovered;
  let file = opened;
  let compactedBytes = 0;
  let healthy = true;
  /** Lines not on disk yet, in order; `null` when there were too many and only a compaction can catch up. */
  let backlog: string[] | null = [];
  let waiting: ((result: AppendResult) => void)[] = [];
  let flushing: Promise<void> | null = null;

  function forgetOldest(): void {
    const excess = history.length - maxDecisions;
    if (excess > 0) droppedDecisions += history.splice(0, excess).length;
  }

  function append(events: readonly ReleaseEvent[]): Promise<AppendResult> {
    const followed = follow(state, events);
    if (!followed.ok)
      return Promise.reject(new TypeError(`this event cannot be logged: ${followed.problem}`));
    ({ state } = followed);
    for (const event of events) {
      if (isDecision(event)) history.push(event);
      backlog?.push(formatEvent(event));
    }
    forgetOldest();
    if (backlog !== null && backlog.length > MAX_BACKLOG) backlog = null;
    return new Promise((resolve) => {
      waiting.push(resolve);
      flushing ??= flush();
    });
  }

  /** Writes until nobody waits. What arrives during a write shares the next one. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const served = waiting;
      waiting = [];
      const result = await writeAll();
      healthy = result.durable;
      for (const resolve of served) resolve(result);
    }
    flushing = null;
  }

  async function writeAll(): Promise<AppendResult> {
    try {
      const due = backlog === null || sizeBytes > Math.max(compactBytes, 2 * compactedBytes);
      if (due) await compact();
      else await writeBacklog(backlog ?? []);
      return { durable: true };
    } catch (error) {
      return { durable: false, alarm: `the release log ${path} cannot be written: ${messageOf(error)}` };
    }
  }

  async function writeBacklog(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const count = lines.length;
    const bytes = Buffer.from(lines.join(""));
    // After a failed write there may be half a line behind the good ones.
    if (!healthy) await file.truncate(sizeBytes);
    await writeFully(file, bytes, sizeBytes);
    await file.sync();
    sizeBytes += bytes.length;
    // Lines may have been added meanwhile, or given up on.
    backlog?.splice(0, count);
  }

  /** Replaces the log by one that gives the same state: written beside it, then renamed over it. */
  async function compact(): Promise<void> {
    const bytes = Buffer.from(formatCompacted(state, history, droppedDecisions));
    const missed = backlog;
    // The new file holds all up to here; only what comes from now on is to be added to it.
    backlog = [];
    try {
      const fresh = await openFile(compactingPath(path));
      try {
        await fresh.truncate(0);
        await writeFully(fresh, bytes, 0);
        await fresh.sync();
        await rename(compactingPath(path), path);
      } catch (error) {
        await fresh.close();
        throw error;
      }
      await file.close().catch(() => undefined);
      file = fresh;
      sizeBytes = bytes.length;
      compactedBytes = bytes.length;
    } catch (error) {
      backlog = joined(missed, backlog);
      throw error;
    }
    await syncFolder(path);
  }

  forgetOldest();
  return {
    state: () => state,
    history: (limit = maxDecisions) => history.slice(-limit),
    isHealthy: () => healthy,
    append,
    async close() {
      const result = await append([]);
      await file.close();
      return result;
    },
  };
}

type Followed =
  | { readonly ok: true; readonly state: ReleaseState }
  | { readonly ok: false; readonly problem: string };

/** The state after events that are first checked as if they were read from the log. */
function follow(before: ReleaseState, events: readonly ReleaseEvent[]): Followed {
  let state = before;
  for (const event of events) {
    const parsed = parseEvent(event);
    const problem = parsed.ok ? followsOn(state, event) : parsed.problem;
    if (problem !== null) return { ok: false, problem };
    state = applyEvent(state, event);
  }
  return { ok: true, state };
}

/** `null` on either side means that lines were given up, so the whole is. */
function joined(missed: string[] | null, since: string[] | null): string[] | null {
  return missed === null || since === null ? null : [...missed, ...since];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function compactingPath(path: string): string {
  return `${path}.compacting`;
}
