import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** One request, made anew for each that is sent. */
export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly json?: unknown;
}

export interface Load {
  readonly baseUrl: string;
  readonly aim: () => Shot;
  /** The only status that counts as an answer. */
  readonly status: number;
}

/** Latencies in milliseconds, from the moment a request was sent to the end of its answer. */
export interface Measured {
  readonly latencies: readonly number[];
  readonly requestsPerSecond: number;
  /** Answers of another status, and requests without an answer. */
  readonly failures: number;
}

const timeoutMs = 20_000;

/** Keeps `concurrency` requests in flight for this long: what a service can do at most. */
export async function runClosed(load: Load, concurrency: number, seconds: number): Promise<Measured> {
  const gun = createGun(load, concurrency);
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  const work = async (): Promise<void> => {
    while (performance.now() < endsAt) await gun.shoot();
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return gun.close(startedAt);
}

/**
 * Sends requests at a fixed rate, whether earlier ones have been answered or not: a service that falls behind shows it, as waiting for a
 * connection counts. That a request is sent up to a timer's tick late is the generator's, not the service's, and does not count.
 */
export async function runOpen(load: Load, perSecond: number, seconds: number): Promise<Measured> {
  const gun = createGun(load, 256);
  const total = Math.round(perSecond * seconds);
  const startedAt = performance.now();
  const flying: Promise<void>[] = [];
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1000) * perSecond));
    for (; sent < due; sent += 1) flying.push(gun.shoot());
    await delay(1);
  }
  await Promise.all(flying);
  return gun.close(startedAt);
}

interface Gun {
  shoot(): Promise<void>;
  close(startedAt: number): Measured;
}

function createGun({ baseUrl, aim, status }: Load, maxSockets: number): Gun {
  const { hostname, port } = new URL(baseUrl);
  const agent = new Agent({ keepAlive: true, maxSockets });
  const latencies: number[] = [];
  let failures = 0;
  const fire = ({ method, path, token, json }: Shot): Promise<number> =>
    new Promise((resolve, reject) => {
      const body = json === undefined ? undefined : JSON.stringify(json);
      const headers: Record<string, string> = {};
      if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
      if (body !== undefined) {
        headers["content-type"] = "application/json";
        headers["content-length"] = String(Buffer.byteLength(body));
      }
      const sent = request({ hostname, port, agent, method, path, headers, timeout: timeoutMs });
      sent.once("error", reject);
      sent.once("timeout", () => sent.destroy(new Error("no answer")));
      sent.once("response", (response) => {
        response.once("error", reject);
        response.once("end", () => resolve(response.statusCode ?? 0));
        response.resume();
      });
      sent.end(body);
    });
  return {
    shoot: async () => {
      const sentAt = performance.now();
      const answered = await fire(aim()).catch(() => 0);
      if (answered === status) latencies.push(performance.now() - sentAt);
      else failures += 1;
    },
    close: (startedAt) => {
      agent.destroy();
      const seconds = (performance.now() - startedAt) / 1000;
      return { latencies, requestsPerSecond: latencies.length / seconds, failures };
    },
  };
}

/** The value below which this share of the latencies lies. */
export function percentile(latencies: readonly number[], share: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
