import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { budgetConnections, readDescriptorLimit } from "./connection-budget.ts";
import type { Activation, FromWorker, ListenerTls, ToWorker, WorkerStart } from "../data/messages.ts";

/** First pause before a dead worker is started again; doubles with each death in a row. */
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 5_000;
/** A worker that lived this long starts the count of deaths anew. */
const STABLE_MS = 10_000;
/** How long a snapshot may take to be running everywhere before the reload counts as failed. */
const ACTIVATION_TIMEOUT_MS = 5_000;
/** Room for short-lived objects in a worker's heap; Node's default of three times as much costs memory and saves no CPU. */
const YOUNG_GENERATION_MB = 16;
/** Beyond the workers' own deadline, before a worker that does not answer is ended. */
const DRAIN_GRACE_MS = 500;

/** How a worker is doing, for `/status` and the metrics. */
export interface WorkerStatus {
  readonly id: number;
  readonly state: "starting" | "running" | "restarting" | "stopped";
  /** Snapshot that it runs; 0 while it does not. */
  readonly generation: number;
  readonly restarts: number;
}

export interface WorkerPoolOptions {
  readonly count: number;
  readonly slab: SharedArrayBuffer;
  readonly host: string;
  /** 0: the system chooses, once; all workers share what it chose. */
  readonly port: number;
  readonly tls: ListenerTls | null;
  readonly proxyProtocol: boolean;
  /** Heap of one worker in MiB; 0 leaves it to Node. */
  readonly memoryMb: number;
  readonly logger: Logger;
  /** Messages that are not about the worker's own life. */
  readonly onMessage: (message: FromWorker, worker: number) => void;
  /** A worker listens (again): what it should know beyond the snapshot can be told now. */
  readonly onReady: (send: (message: ToWorker) => void) => void;
}

/** The data plane as the control plane sees it: starts workers, tells them things, starts dead ones again. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: Slot[];
  #activation: Activation;
  #tls: ListenerTls | null;
  #port: number;
  #stopping = false;

  constructor(options: WorkerPoolOptions, activation: Activation) {
    this.#options = options;
    this.#activation = activation;
    this.#tls = options.tls;
    this.#port = options.port;
    this.#slots = Array.from({ length: options.count }, (_, id) => new Slot(id));
  }

  /**
   * Starts all workers; settles with the port once all listen.
   *
   * @throws the first worker's error when it cannot listen (EADDRINUSE and the like)
   */
  async start(): Promise<number> {
    const [first, ...others] = this.#slots;
    if (first === undefined) throw new RangeError("a pool needs at least one worker");
    await this.#launch(first);
    await Promise.all(others.map((slot) => this.#launch(slot)));
    return this.#port;
  }

  /** Puts a snapshot to work; settles once every worker runs it, rejects when one does not in time. */
  async activate(activation: Activation): Promise<void> {
    this.#activation = activation;
    this.send({ type: "activate", activation });
    const { generation } = activation.snapshot;
    await Promise.all(this.#slots.map((slot) => slot.waitForGeneration(generation, ACTIVATION_TIMEOUT_MS)));
  }

  send(message: ToWorker): void {
    for (const slot of this.#slots) slot.worker?.postMessage(message);
  }

  sendTo(worker: number, message: ToWorker): void {
    this.#slots[worker]?.worker?.postMessage(message);
  }

  status(): WorkerStatus[] {
    return this.#slots.map(({ id, state, generation, restarts }) => ({ id, state, generation, restarts }));
  }

  /** New connections are shown this certificate. */
  renewCertificate(tls: ListenerTls): void {
    this.#tls = tls;
    this.send({ type: "certificate", tls });
  }

  /** Lets requests in flight finish; settles with the number of connections that were cut at the deadline. */
  async drain(times: { readonly delayMs: number; readonly timeoutMs: number }): Promise<number> {
    this.#stopping = true;
    const cuts = await Promise.all(this.#slots.map((slot) => slot.drain(times)));
    return cuts.reduce((sum, cut) => sum + cut, 0);
  }

  /** So that neither clients nor upstreams run into EMFILE, which would hit the admin server as well. */
  #connectionBudget(): number {
    const { upstreams, limits } = this.#activation.snapshot;
    const budget = budgetConnections({
      descriptors: readDescriptorLimit(),
      workers: this.#options.count,
      upstreamConnections: upstreams.v1.maxConnections + upstreams.v2.maxConnections,
    });
    if (budget < limits.maxConnections) {
      this.#options.logger.warn(
        { allowed: limits.maxConnections, budget },
        "too few file descriptors for limits.maxConnections, taking fewer clients",
      );
    }
    return budget;
  }

  async #launch(slot: Slot): Promise<void> {
    const { slab, host, count, memoryMb, proxyProtocol } = this.#options;
    const start: WorkerStart = {
      worker: slot.id,
      slab,
      host,
      port: this.#port,
      reusePort: count > 1,
      connectionBudget: this.#connectionBudget(),
      activation: this.#activation,
      tls: this.#tls,
      proxyProtocol,
    };
    const worker = new Worker(new URL("../data/worker.ts", import.meta.url), {
      workerData: start,
      env: workerEnvironment(),
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
        ...(memoryMb === 0 ? {} : { maxOldGenerationSizeMb: memoryMb }),
      },
    });
    const startedMs = performance.now();
    const listening = Promise.withResolvers<void>();
    slot.begin(worker);
    worker.on("message", (message: FromWorker) => {
      if (message.type === "listening") {
        this.#port = message.port;
        slot.state = "running";
        // A snapshot that came while the worker was starting has not reached it.
        if (this.#activation !== start.activation)
          worker.postMessage({ type: "activate", activation: this.#activation });
        this.#options.onReady((ready) => worker.postMessage(ready));
        listening.resolve();
      } else if (message.type === "running") {
        slot.onRunning(message.generation);
      } else if (message.type === "drained") {
        slot.cut = message.cut;
      } else {
        this.#options.onMessage(message, slot.id);
      }
    });
    worker.on("error", (error) => {
      this.#options.logger.error({ worker: slot.id, err: error }, "worker failed");
      listening.reject(error);
    });
    worker.on("exit", (code) => {
      listening.reject(new Error(`worker ${slot.id} ended with code ${code} before it listened`));
      this.#onExit(slot, performance.now() - startedMs, code);
    });
    await listening.promise;
  }

  #onExit(slot: Slot, livedMs: number, code: number): void {
    const wasRunning = slot.state === "running";
    slot.end();
    if (this.#stopping || (!wasRunning && slot.restarts === 0)) return;
    slot.deaths = livedMs >= STABLE_MS ? 1 : slot.deaths + 1;
    slot.restarts += 1;
    slot.state = "restarting";
    const pauseMs = Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** (slot.deaths - 1));
    this.#options.logger.error({ worker: slot.id, code, restartInMs: pauseMs }, "worker died, restarting it");
    setTimeout(() => {
      if (this.#stopping) return;
      // A failed start ends in `exit` as well, which tries again.
      this.#launch(slot).catch(() => undefined);
    }, pauseMs);
  }
}

/** A thread shares this one's cache of compiled code only when its environment says so. */
function workerEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
}

/** The place of one worker: survives the thread that fills it. */
class Slot {
  readonly id: number;
  worker: Worker | null = null;
  state: WorkerStatus["state"] = "starting";
  generation = 0;
  restarts = 0;
  deaths = 0;
  cut = 0;
  #onEnd: PromiseWithResolvers<void> = Promise.withResolvers();
  #waiting: { generation: number; done: () => void }[] = [];

  constructor(id: number) {
    this.id = id;
  }

  begin(worker: Worker): void {
    this.worker = worker;
    this.#onEnd = Promise.withResolvers();
  }

  end(): void {
    this.worker = null;
    this.state = "stopped";
    this.generation = 0;
    this.#onEnd.resolve();
  }

  onRunning(generation: number): void {
    this.generation = generation;
    const reached = this.#waiting.filter((waiting) => waiting.generation <= generation);
    this.#waiting = this.#waiting.filter((waiting) => waiting.generation > generation);
    for (const waiting of reached) waiting.done();
  }

  /** A dead worker is no obstacle: it starts with the newest snapshot. */
  async waitForGeneration(generation: number, timeoutMs: number): Promise<void> {
    if (this.worker === null || this.generation >= generation) return;
    const reached = Promise.withResolvers<void>();
    this.#waiting.push({ generation, done: reached.resolve });
    const timer = setTimeout(() => {
      reached.reject(
        new Error(`worker ${this.id} does not run generation ${generation} after ${timeoutMs} ms`),
      );
    }, timeoutMs);
    try {
      await Promise.race([reached.promise, this.#onEnd.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async drain(times: { readonly delayMs: number; readonly timeoutMs: number }): Promise<number> {
    const { worker } = this;
    if (worker === null) return 0;
    worker.postMessage({ type: "drain", ...times } satisfies ToWorker);
    const timer = setTimeout(() => void worker.terminate(), times.delayMs + times.timeoutMs + DRAIN_GRACE_MS);
    await this.#onEnd.promise;
    clearTimeout(timer);
    return this.cut;
  }
}
