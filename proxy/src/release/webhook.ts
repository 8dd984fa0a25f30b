import { createHmac, randomUUID } from "node:crypto";
import type { DecisionEvent } from "./events.ts";
import type { Assessment } from "./judge.ts";

/** What a webhook receives, as JSON, for each decision. */
interface WebhookPayload {
  readonly event: DecisionEvent;
  readonly verdict: Assessment["verdict"];
  readonly sentence: string;
}

export interface WebhookOptions {
  readonly url: string;
  /** Key of the HMAC; empty sends unsigned. */
  readonly secret: string;
  readonly onLost: (text: string) => void;
  /** For one attempt, answer included. */
  readonly timeoutMs?: number;
  readonly maxAttempts?: number;
  /** Wait before the second attempt; doubled before each further one. */
  readonly backoffMs?: number;
  /** Deliveries waiting; past it the oldest is given up. */
  readonly maxQueue?: number;
  readonly random?: () => number;
}

/** Tells somebody else of decisions without ever being waited for. */
export interface Webhook {
  /** Queues a delivery and returns at once. */
  readonly send: (payload: WebhookPayload) => void;
  /** Resolves when the queue is empty, or at the deadline; what is left then is given up, and said. */
  readonly close: (deadlineMs: number) => Promise<void>;
}

/**
 * The signature a receiver has to compare with `X-Serin-Signature`: `sha256=` and the hex HMAC-SHA256 of the value of
 * `X-Serin-Timestamp`, a dot, and the body. The timestamp inside it lets a receiver refuse replays.
 */
export function signBody(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}

/** A webhook with a bounded queue, one delivery at a time, in order; retried with exponential back-off and jitter. */
export function createWebhook(options: WebhookOptions): Webhook {
  const { url, secret, onLost, timeoutMs = 5_000, maxAttempts = 6, backoffMs = 1_000 } = options;
  const { maxQueue = 100, random = Math.random } = options;
  const closing = new AbortController();
  let queue: WebhookPayload[] = [];
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const problem = await deliver(next);
      if (problem !== null) onLost(`webhook: ${next.event.type} was not delivered: ${problem}`);
    }
    working = null;
  }

  /** Tries until it is taken, refused for good, or out of attempts. Each attempt carries the same delivery id. */
  async function deliver(payload: WebhookPayload): Promise<string | null> {
    const body = JSON.stringify(payload);
    const id = randomUUID();
    for (let attempt = 1; ; attempt += 1) {
      const result = await post(body, id);
      if (result === null) return null;
      if (!result.again || attempt >= maxAttempts || closing.signal.aborted) return result.problem;
      await wait(backoffMs * 2 ** (attempt - 1) * (0.5 + random() / 2), closing.signal);
    }
  }

  async function post(body: string, id: string): Promise<{ problem: string; again: boolean } | null> {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "serin",
      "x-serin-delivery": id,
      "x-serin-timestamp": timestamp,
    };
    if (secret !== "") headers["x-serin-signature"] = signBody(secret, timestamp, body);
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), closing.signal]);
    try {
      // A redirect would send a signed body where nobody configured it to go.
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
      await response.body?.cancel();
      if (response.ok) return null;
      const { status } = response;
      return { problem: `status ${status}`, again: status >= 500 || status === 429 || status === 408 };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error), again: true };
    }
  }

  return {
    send(payload) {
      queue.push(payload);
      if (queue.length > maxQueue) {
        const lost = queue.shift();
        onLost(`webhook: the queue is full, ${lost?.event.type} was given up`);
      }
      working ??= work();
    },
    async close(deadlineMs) {
      if (working === null) return;
      const timer = setTimeout(() => {
        for (const { event } of queue) onLost(`webhook: ${event.type} was not delivered before the end`);
        queue = [];
        closing.abort();
      }, deadlineMs);
      await working;
      clearTimeout(timer);
    },
  };
}

/** Waits, or less when the signal says so. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    }
  });
}
