import { Agent } from "node:http";
import { ask, holdTunnel } from "./ask.ts";
import { DOWNLOAD_BYTES } from "./soak-versions.ts";

const TICK_MS = 20;
const IDENTITIES = 5000;
/** More under way than this is a machine that is busy elsewhere; what is due is then left out, and counted. */
const MAX_IN_FLIGHT = 300;
const UPLOAD_BYTES = 128 * 1024;

interface Kind {
  readonly name: string;
  /** Of 100 requests. */
  readonly share: number;
  /** Outcomes that are as they should be. */
  readonly expected: readonly string[];
  readonly run: (port: number, agent: Agent, identity: string) => Promise<string>;
}

const KINDS: readonly Kind[] = [
  {
    name: "get",
    share: 52,
    expected: ["200"],
    run: (port, agent, identity) => ask(port, agent, { path: `/page/${identity}`, identity }),
  },
  {
    name: "upload",
    share: 8,
    expected: ["200"],
    run: (port, agent, identity) =>
      ask(port, agent, { method: "POST", path: "/upload", identity, bodyBytes: UPLOAD_BYTES }),
  },
  {
    name: "download",
    share: 8,
    expected: ["200"],
    run: (port, agent, identity) =>
      ask(port, agent, { path: "/download", identity, expectBytes: DOWNLOAD_BYTES }),
  },
  {
    name: "upload, aborted",
    share: 5,
    expected: ["aborted"],
    run: (port, agent, identity) =>
      ask(port, agent, {
        method: "POST",
        path: "/upload",
        identity,
        bodyBytes: UPLOAD_BYTES,
        abortUpload: true,
      }),
  },
  {
    name: "download, aborted",
    share: 5,
    expected: ["aborted"],
    run: (port, agent, identity) => ask(port, agent, { path: "/download", identity, abortDownload: true }),
  },
  {
    name: "events",
    share: 3,
    expected: ["200"],
    run: (port, agent, identity) => ask(port, agent, { path: "/events", identity }),
  },
  {
    name: "events, aborted",
    share: 3,
    expected: ["aborted"],
    run: (port, agent, identity) => ask(port, agent, { path: "/events", identity, abortDownload: true }),
  },
  {
    name: "tunnel, closed",
    share: 3,
    expected: ["closed"],
    run: (port, _, identity) => holdTunnel(port, identity, 500 + Math.random() * 3000, "closed"),
  },
  {
    name: "tunnel, terminated",
    share: 3,
    expected: ["terminated"],
    run: (port, _, identity) => holdTunnel(port, identity, 500 + Math.random() * 3000, "terminated"),
  },
  // Version 2 answers none of these; v1 rescues what nothing of an answer has come of.
  { name: "v2 resets", share: 3, expected: ["200"], run: faultAt("reset") },
  { name: "v2 answers 503", share: 3, expected: ["200"], run: faultAt("error") },
  { name: "v2 hangs", share: 1, expected: ["200"], run: faultAt("hang") },
  { name: "v2 truncates", share: 2, expected: ["200", "cut"], run: faultAt("truncated") },
  {
    name: "v2 resets an upload",
    share: 1,
    expected: ["200", "502"],
    run: (port, agent, identity) =>
      ask(port, agent, { method: "POST", path: "/fault/reset", identity, bodyBytes: 10 }),
  },
];

function faultAt(fault: string): Kind["run"] {
  return (port, agent, identity) => ask(port, agent, { path: `/fault/${fault}`, identity });
}

/** Sends every kind of traffic at a fixed rate, whatever comes back, and counts how each request ended. */
export class MixedTraffic {
  /** Name of the kind to outcomes and how often each was seen. */
  readonly outcomes = new Map<string, Map<string, number>>();
  /** Outcomes that should not have been. */
  readonly unexpected: string[] = [];
  sent = 0;
  /** Requests that were due while too many were under way. */
  skipped = 0;
  readonly #port: number;
  // The oldest free connection goes first, so that none idles until Serin closes it.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 32, scheduling: "fifo" });
  readonly #timer: NodeJS.Timeout;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #deck: readonly Kind[];

  constructor(port: number, perSecond: number) {
    this.#port = port;
    this.#deck = KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind));
    const startedMs = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond);
      while (this.sent + this.skipped < due) {
        if (this.#inFlight.size < MAX_IN_FLIGHT) this.#send();
        else this.skipped += 1;
      }
    }, TICK_MS);
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Sends no more and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    this.#agent.destroy();
  }

  #send(): void {
    this.sent += 1;
    const kind = this.#deck[Math.floor(Math.random() * this.#deck.length)];
    if (kind === undefined) throw new RangeError("no kind of traffic");
    const running = this.#run(kind, `user-${Math.floor(Math.random() * IDENTITIES)}`).finally(() =>
      this.#inFlight.delete(running),
    );
    this.#inFlight.add(running);
  }

  async #run(kind: Kind, identity: string): Promise<void> {
    const outcome = await kind.run(this.#port, this.#agent, identity);
    const counts = this.outcomes.get(kind.name) ?? new Map<string, number>();
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    this.outcomes.set(kind.name, counts);
    if (!kind.expected.includes(outcome)) this.unexpected.push(`${kind.name}: ${outcome}`);
  }
}
