import { readFileSync } from "node:fs";

/** Descriptors that the process itself needs: files, pipes, event loops, the admin server and its clients. */
const OWN_DESCRIPTORS = 64;
/** What each worker needs beyond its sockets. */
const WORKER_DESCRIPTORS = 16;
/** Connections over the bound that a worker still takes, to tell them so; see the front door. */
const EXCESS_DESCRIPTORS = 64;
/** Fewer would serve nobody. */
const LEAST_CONNECTIONS = 8;

/** The process's limit of open files; endless where the system does not say. */
export function readDescriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}

/** Client connections of one worker that leave room for everything else it opens. */
export function budgetConnections(given: {
  readonly descriptors: number;
  readonly workers: number;
  /** Most upstream connections of one worker. */
  readonly upstreamConnections: number;
}): number {
  const perWorker =
    (given.descriptors - OWN_DESCRIPTORS) / given.workers - WORKER_DESCRIPTORS - EXCESS_DESCRIPTORS;
  // Where descriptors are scarce, a client needs at most one upstream connection.
  const clients = Math.max(perWorker / 2, perWorker - given.upstreamConnections);
  return Math.max(LEAST_CONNECTIONS, Math.floor(clients));
}
