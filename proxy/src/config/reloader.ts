import { findRestartProblems, listChanges } from "./changes.ts";
import type { ChangedLeaf } from "./changes.ts";
import { compileSnapshot, hashConfig } from "./compile.ts";
import type { SplitInForce } from "./compile.ts";
import type { Config } from "./config.ts";
import { loadConfig } from "./load.ts";
import type { Environment, LoadedConfig, PinnedLeaf, ShadowedLeaf } from "./load.ts";
import type { Problem } from "./problem.ts";
import type { Snapshot } from "./snapshot.ts";

/** Why a reload happened, for logs and status. */
export type ReloadReason = "start" | "file" | "signal" | "admin";

export interface ReloadResult {
  /** `rejected` leaves everything as it was. */
  readonly result: "applied" | "unchanged" | "rejected";
  readonly problems: readonly Problem[];
  /** The generation in force afterwards. */
  readonly generation: number;
  /** What an applied reload changed; secrets by path only. */
  readonly changes: readonly ChangedLeaf[];
}

export interface LastReload {
  readonly ok: boolean;
  readonly result: ReloadResult["result"];
  readonly reason: ReloadReason;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly problems: readonly Problem[];
}

export interface ReloaderStatus {
  readonly configPath: string | null;
  readonly generation: number;
  /** Of the effective config in force. */
  readonly hash: string;
  /** Of the file that the config in force came from; null without a file. */
  readonly contentHash: string | null;
  readonly lastReload: LastReload;
  /** Reloads so far by result; the start is not one. */
  readonly counts: Readonly<Record<ReloadResult["result"], number>>;
  readonly pinned: readonly PinnedLeaf[];
  readonly shadowed: readonly ShadowedLeaf[];
}

export interface ReloaderOptions {
  readonly path: string | null;
  readonly env: Environment;
  /** What the process starts with. */
  readonly initial: LoadedConfig;
  /** The split that traffic is to get, asked whenever a snapshot is compiled. */
  readonly splitInForce: () => SplitInForce;
  /** Takes note of a good config before it is put to work; what it decides shows in `splitInForce` when it settles. */
  readonly decide: (config: Config) => Promise<unknown>;
  /** Puts a snapshot to work and settles once it is in force. A rejection leaves the previous one current. */
  readonly apply: (snapshot: Snapshot, config: Config) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Holds the last good config and its snapshot, and replaces both as a whole or not at all. Knows nothing of workers, files
 * being watched or HTTP. The first snapshot is generation 1; `apply` is not called for it.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #loaded: LoadedConfig;
  #snapshot: Snapshot;
  #lastGeneration = 1;
  /** Of the file as last read, good or bad; null when there was none to read. */
  #readHash: string | null;
  #lastReload: LastReload;
  readonly #counts = { applied: 0, unchanged: 0, rejected: 0 };
  /** The end of the queue: reloads run one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#loaded = options.initial;
    this.#readHash = options.initial.contentHash;
    this.#snapshot = compileSnapshot(options.initial.config, 1, options.splitInForce());
    this.#lastReload = { ok: true, result: "applied", reason: "start", atMs: options.now(), problems: [] };
  }

  /** The config in force. */
  get config(): Config {
    return this.#loaded.config;
  }

  /** The snapshot in force. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** SHA-256, hex, of the file as last read, good or bad; null when there was none to read. */
  get readHash(): string | null {
    return this.#readHash;
  }

  status(): ReloaderStatus {
    return {
      configPath: this.#options.path,
      generation: this.#snapshot.generation,
      hash: this.#snapshot.hash,
      contentHash: this.#loaded.contentHash,
      lastReload: this.#lastReload,
      counts: { ...this.#counts },
      pinned: this.#loaded.pinned,
      shadowed: this.#loaded.shadowed,
    };
  }

  /** Reads file and environment again and puts them to work if they are good and differ. Never rejects. */
  reload(reason: ReloadReason): Promise<ReloadResult> {
    return this.#enqueue(async () => {
      const result = await this.#reload();
      const ok = result.result !== "rejected";
      this.#counts[result.result] += 1;
      const { problems } = result;
      this.#lastReload = { ok, result: result.result, reason, atMs: this.#options.now(), problems };
      return result;
    });
  }

  /**
   * Compiles the config in force anew, for when the release has decided something. Neither reads the file nor waits for a
   * reload that is under way: an abort must take effect at once, whatever state the file is in. Settles when it is in
   * force; rejects when it cannot be put to work.
   */
  republish(): Promise<void> {
    return this.#apply();
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(task);
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #reload(): Promise<ReloadResult> {
    const { path, env } = this.#options;
    const loaded = await loadConfig({ path, env });
    this.#readHash = loaded.contentHash;
    if (!loaded.ok) {
      return this.#reject(loaded.problems);
    }
    const changes = listChanges(this.#loaded.config, loaded.config);
    const restartProblems = findRestartProblems(changes);
    return restartProblems.length > 0 ? this.#reject(restartProblems) : this.#publish(loaded, changes);
  }

  async #publish(loaded: LoadedConfig, changes: readonly ChangedLeaf[]): Promise<ReloadResult> {
    const before = { loaded: this.#loaded, generation: this.#snapshot.generation };
    this.#loaded = loaded;
    try {
      await this.#options.decide(loaded.config);
      await this.#apply();
    } catch (error) {
      this.#loaded = before.loaded;
      const value = error instanceof Error ? error.message : String(error);
      const expected = `generation ${this.#lastGeneration} to be put to work`;
      return this.#reject([{ code: "apply", path: "", value, expected, source: "file" }]);
    }
    const { generation } = this.#snapshot;
    return generation === before.generation
      ? { result: "unchanged", problems: [], generation, changes: [] }
      : { result: "applied", problems: [], generation, changes };
  }

  /** Puts config and split to work as the next generation, unless the snapshot in force is just that. */
  async #apply(): Promise<void> {
    const { config } = this.#loaded;
    const split = this.#options.splitInForce();
    const before = this.#snapshot;
    const { weightPpm, aborted } = before.split;
    if (hashConfig(config) === before.hash && split.weightPpm === weightPpm && split.aborted === aborted) {
      return;
    }
    // Counted even if it cannot be applied: a worker may have seen it, and a generation names one snapshot only.
    this.#lastGeneration += 1;
    const snapshot = compileSnapshot(config, this.#lastGeneration, split);
    this.#snapshot = snapshot;
    try {
      await this.#options.apply(snapshot, config);
    } catch (error) {
      if (this.#snapshot === snapshot) {
        this.#snapshot = before;
      }
      throw error;
    }
  }

  #reject(problems: readonly Problem[]): ReloadResult {
    return { result: "rejected", problems, generation: this.#snapshot.generation, changes: [] };
  }
}
