import type { Cache } from "./cache.ts";

/** Tells the version of the data as of a moment after the call; see `storage/data-version.ts`. */
export type ReadVersion = () => Promise<string>;

/**
 * Answers from the cache while the data is the same, and works the answer out otherwise.
 *
 * The version is read before the answer is worked out. A write that falls between the two gives an answer newer than its
 * key says, which is never asked for again as old: whoever sees the old version started before that write was done.
 */
export function createVersionedAnswers(
  cache: Cache,
  readVersion: ReadVersion,
): (key: string, work: () => Promise<string>) => Promise<string> {
  const running = new Map<string, Promise<string>>();
  return async (key, work) => {
    const versioned = `${await readVersion()} ${key}`;
    const kept = await cache.get(versioned);
    if (kept !== undefined) return kept;
    // Many who ask the same at once share one piece of work.
    const underway = running.get(versioned);
    if (underway !== undefined) return underway;
    const started = work()
      .then((answer) => {
        cache.set(versioned, answer);
        return answer;
      })
      .finally(() => running.delete(versioned));
    running.set(versioned, started);
    return started;
  };
}
