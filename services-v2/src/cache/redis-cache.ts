import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import type { Cache } from "./cache.ts";

/** A reply that takes longer than this is worth less than asking PostgreSQL. */
const replyTimeoutMs = 50;
/** After a late or failed reply Redis is left alone for this long. */
const pauseMs = 1000;
/** Keys name a version that will not come back: this only bounds how long the dead ones stay. */
const lifetimeSeconds = 60;

export interface CacheLog {
  warn(details: object, message: string): void;
  info(details: object, message: string): void;
}

/**
 * Shares entries with the other processes through Redis 7. Redis that is away, slow or full is a miss, never an error:
 * nothing here rejects, and a request waits for it 50 ms at the very most, once a second.
 */
export function createRedisCache(url: string, log: CacheLog): Cache {
  let pausedUntilMs = 0;
  let reachable = true;
  const client = createClient({
    url,
    keyPrefix: "cms-v2:",
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1000,
    socket: {
      connectTimeout: 1000,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** Math.min(retries, 5), 2000),
    },
  });
  // Said once per outage: the client reports every attempt to reconnect.
  client.on("error", (error: Error) => {
    if (reachable) log.warn({ error: error.message }, "redis is out of reach: going on without it");
    reachable = false;
  });
  client.on("ready", () => {
    reachable = true;
    log.info({}, "redis is in reach");
  });
  const opening = client.connect().then(
    () => undefined,
    () => undefined,
  );

  const pause = (): void => {
    pausedUntilMs = performance.now() + pauseMs;
  };
  const isUsable = (): boolean => client.isReady && performance.now() >= pausedUntilMs;
  return {
    async get(key) {
      if (!isUsable()) return undefined;
      const reply = client.get(key).then(
        (value) => (typeof value === "string" ? value : undefined),
        () => {
          pause();
          return undefined;
        },
      );
      const timer = new AbortController();
      const late = delay(replyTimeoutMs, "late" as const, { signal: timer.signal }).catch(
        () => "late" as const,
      );
      const first = await Promise.race([reply.then((value) => ({ value })), late]);
      timer.abort();
      if (first !== "late") return first.value;
      pause();
      return undefined;
    },
    set(key, value) {
      if (!isUsable()) return;
      client.set(key, value, { expiration: { type: "EX", value: lifetimeSeconds } }).catch(pause);
    },
    async close() {
      if (client.isOpen) client.destroy();
      await Promise.race([opening, delay(replyTimeoutMs)]);
    },
  };
}
