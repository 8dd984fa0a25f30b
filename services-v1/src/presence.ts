import { Client } from "pg";

/** Advisory lock (6016, 1): the contract migration takes it exclusively, and so is refused while a cms-v1 holds it shared. */
const takeLock = "SELECT pg_try_advisory_lock_shared(6016, 1) AS held";
const firstRetryMs = 200;
const longestRetryMs = 2000;

export interface Presence {
  /** Whether the database knows at this moment that this process is alive. */
  readonly isHeld: () => boolean;
  stop(): Promise<void>;
}

/** Holds the lock on a connection of its own for as long as the process lives, and takes it again after an outage. */
export function announcePresence(databaseUrl: string, onLost: (error: Error) => void): Presence {
  let client: Client | undefined;
  let held = false;
  let stopped = false;
  let retryMs = firstRetryMs;
  let timer: NodeJS.Timeout | undefined;
  let attempt: Promise<void> = Promise.resolve();

  const retryLater = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      attempt = connect();
    }, retryMs);
    retryMs = Math.min(longestRetryMs, retryMs * 2);
  };

  const connect = async (): Promise<void> => {
    const candidate = new Client({
      connectionString: databaseUrl,
      application_name: "cms-v1 presence",
      connectionTimeoutMillis: 3000,
      keepAlive: true,
    });
    let over = false;
    const giveUp = (reason: Error): void => {
      if (over) return;
      over = true;
      if (held) onLost(reason);
      held = false;
      client = undefined;
      void candidate.end().catch(() => undefined);
      retryLater();
    };
    candidate.on("error", giveUp);
    candidate.on("end", () => giveUp(new Error("the connection was closed")));
    try {
      await candidate.connect();
      const answer = await candidate.query<{ held: boolean }>(takeLock);
      if (!answer.rows[0]?.held) {
        giveUp(new Error("the contract migration is running"));
        return;
      }
      client = candidate;
      held = true;
      retryMs = firstRetryMs;
    } catch (error) {
      giveUp(error instanceof Error ? error : new Error(String(error)));
    }
  };

  attempt = connect();
  return {
    isHeld: () => held,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await attempt;
      held = false;
      const last = client;
      last?.removeAllListeners("end");
      await last?.end().catch(() => undefined);
    },
  };
}
