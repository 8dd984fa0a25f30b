import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sha256Hex } from "./canonical.ts";

export interface WatchOptions {
  readonly path: string;
  /** Time between two looks that nothing prompted; what bounds the delay where the system reports no events. */
  readonly pollMs: number;
  /** Hash of the content already known, null for a file that is absent; left out, the first look counts as known. */
  readonly knownHash?: string | null;
  /**
   * Hash of the content that was last put to use, asked at each look. Whoever reads the file for other reasons too has to
   * give it: a change that they saw and the watch did not, undone before its next look, is a change to them.
   */
  readonly usedHash?: () => string | null;
  /** How long the content must stay as it is before it counts; spares a reader the halves of a slow write. */
  readonly settleMs?: number;
  /** Told the new hash, null once the file is gone. Awaited; changes meanwhile are noticed afterwards. */
  readonly onChange: (contentHash: string | null) => void | Promise<void>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

export interface ConfigWatch {
  /** Settles once the directory is watched and the first look is done. */
  readonly ready: Promise<void>;
  /** Settles after the signal; rejects with what `onChange` threw. */
  readonly closed: Promise<void>;
}

/**
 * Watches one file by its content. Watching the file itself would lose it as soon as an editor or Kubernetes replaces it, so this
 * watches its directory, and that of its symlink's target, and looks again every `pollMs` whatever the system
 * reports (network file systems report nothing, a deleted directory ends its watch silently). Keeps no process alive.
 */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const watcher = new ContentWatch(options);
  const ready = Promise.withResolvers<void>();
  const closed = watcher.run(ready.resolve);
  closed.catch(ready.reject);
  // A caller that awaits only one of the two must not see the other one's rejection as unhandled.
  ready.promise.catch(() => undefined);
  return { ready: ready.promise, closed };
}

class ContentWatch {
  readonly #options: WatchOptions;
  readonly #settleMs: number;
  /** Open directory watches by directory, with the inode they belong to. */
  readonly #watches = new Map<string, { readonly watcher: FSWatcher; readonly inode: string }>();
  #stirred = false;
  #resume: () => void = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#settleMs = options.settleMs ?? 50;
  }

  async run(ready: () => void): Promise<void> {
    const { path, pollMs, onChange, signal } = this.#options;
    signal.addEventListener("abort", this.#stir, { once: true });
    try {
      await this.#watchDirectories();
      let known = this.#options.knownHash === undefined ? await hashFile(path) : this.#options.knownHash;
      ready();
      while (!signal.aborted) {
        const seen = await hashFile(path);
        if (this.#options.usedHash !== undefined) {
          known = this.#options.usedHash();
        }
        if (seen === known) {
          await this.#pause(pollMs);
        } else if (await this.#isSettled(seen)) {
          known = seen;
          await onChange(seen);
        }
        await this.#watchDirectories();
      }
    } finally {
      signal.removeEventListener("abort", this.#stir);
      for (const { watcher } of this.#watches.values()) {
        watcher.close();
      }
    }
  }

  async #isSettled(seen: string | null): Promise<boolean> {
    await sleep(this.#settleMs, undefined, { ref: false });
    return !this.#options.signal.aborted && (await hashFile(this.#options.path)) === seen;
  }

  /** Waits for the next poll, or until stirred; having been stirred since the last pause ends it at once. */
  async #pause(pollMs: number): Promise<void> {
    if (!this.#stirred) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resume = resolve;
      const timer = setTimeout(resolve, pollMs).unref();
      await promise;
      clearTimeout(timer);
    }
    this.#stirred = false;
  }

  readonly #stir = (): void => {
    this.#stirred = true;
    this.#resume();
  };

  /** Opens the watches that are missing and closes those whose directory was replaced or is no longer the file's. */
  async #watchDirectories(): Promise<void> {
    const wanted = new Map<string, string>();
    for (const directory of await listDirectories(this.#options.path)) {
      const inode = await inodeOf(directory);
      if (inode !== null) {
        wanted.set(directory, inode);
      }
    }
    for (const [directory, { watcher, inode }] of this.#watches) {
      if (wanted.get(directory) !== inode) {
        watcher.close();
        this.#watches.delete(directory);
      }
    }
    for (const [directory, inode] of wanted) {
      if (!this.#watches.has(directory)) {
        this.#open(directory, inode);
      }
    }
  }

  #open(directory: string, inode: string): void {
    let watcher: FSWatcher;
    try {
      watcher = watch(directory, { persistent: false }, this.#stir);
    } catch {
      // No inotify watches left, or the directory went a moment ago: the poll does without.
      return;
    }
    watcher.on("error", () => {
      watcher.close();
      this.#watches.delete(directory);
    });
    this.#watches.set(directory, { watcher, inode });
  }
}

async function hashFile(path: string): Promise<string | null> {
  try {
    return sha256Hex(await readFile(path));
  } catch {
    return null;
  }
}

async function listDirectories(path: string): Promise<Set<string>> {
  const directories = new Set([dirname(path)]);
  try {
    directories.add(dirname(await realpath(path)));
  } catch {
    // No file at the moment; its directory is enough to see it come.
  }
  return directories;
}

async function inodeOf(directory: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(directory, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
