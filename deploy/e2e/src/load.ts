import { ask } from "./ask.ts";

/** What a load saw. */
export interface LoadResult {
  readonly requests: number;
  /** Every answer but 200, and every request without one, in words. */
  readonly failures: readonly string[];
}

export interface RunningLoad {
  /** Settles when that many more requests have been answered. */
  answered(count: number): Promise<void>;
  /** Lets the requests in flight end, and tells what happened. */
  stop(): Promise<LoadResult>;
}

/** Keeps `concurrency` requests in flight, each with another identity, until it is stopped. */
export function startLoad(url: string, concurrency: number): RunningLoad {
  const stopping = new AbortController();
  let requests = 0;
  const failures: string[] = [];
  const waiting: { readonly at: number; readonly resolve: () => void }[] = [];
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      requests += 1;
      try {
        const answer = await ask(url, { identity: `load-${requests}` });
        if (answer.status !== 200) failures.push(`status ${answer.status}`);
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        failures.push(cause instanceof Error ? cause.message : String(cause));
      }
      while (waiting[0] !== undefined && waiting[0].at <= requests) waiting.shift()?.resolve();
    }
  };
  const workers = Promise.all(Array.from({ length: concurrency }, work));
  return {
    answered: (count) =>
      new Promise((resolve) => {
        waiting.push({ at: requests + count, resolve });
        waiting.sort((one, other) => one.at - other.at);
      }),
    stop: async () => {
      stopping.abort();
      await workers;
      return { requests, failures };
    },
  };
}
