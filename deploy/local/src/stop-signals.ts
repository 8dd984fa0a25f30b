const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A terminal sends SIGINT to npm and to us, and npm passes its own on: within this time both are one wish. */
const sameWishMs = 1000;
const parentPollMs = 500;

export interface StopHandlers {
  /** Called once, with the reason in words. */
  onStop(why: string): void;
  /** Called when stop is asked for again, later than an echo of the first wish can come. */
  onImpatience(): void;
}

/**
 * Turns signals, and the death of the npm that started us, into one wish to stop.
 * @returns a promise that settles with the wish.
 */
export function watchForStop(handlers: StopHandlers): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const ask = (why: string): void => {
      const now = performance.now();
      if (askedAt === null) {
        askedAt = now;
        handlers.onStop(why);
        resolve();
      } else if (now - askedAt > sameWishMs) {
        handlers.onImpatience();
      }
    };
    for (const signal of signals) process.on(signal, () => ask(signal));
    if (process.env["npm_lifecycle_event"] === undefined) return;
    // npm that is killed outright passes nothing on; without this the stack would run on, unseen.
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      ask("npm has gone");
    }, parentPollMs);
    timer.unref();
  });
}
