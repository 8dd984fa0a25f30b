import type { Logger } from "pino";
import { assessReadiness } from "./assess-readiness.ts";
import type { DeprecatedRoute, Readiness } from "./assess-readiness.ts";
import { addUsage } from "./route-usage.ts";
import type { RouteUsage } from "./route-usage.ts";
import { readUsageFile, writeUsageFile } from "./usage-file.ts";

/** How often the counters are read; a crash loses at most this much. */
const INTERVAL_MS = 5_000;

/** What the recorder reads. */
export interface UsageWorld {
  readonly logger: Logger;
  /** Requests by route name since the process started; never goes back. */
  readonly requestsByRoute: () => ReadonlyMap<string, number>;
  readonly deprecatedRoutes: () => readonly DeprecatedRoute[];
}

/** Counts the requests on deprecated routes by day and keeps the counts in a file over restarts. */
export class UsageRecorder {
  readonly #path: string;
  readonly #world: UsageWorld;
  #usage: RouteUsage;
  /** Counters as last read. A process begins at 0, and so do they. */
  #counted: ReadonlyMap<string, number> = new Map();
  #timer: NodeJS.Timeout | null = null;
  /** Writes run one after the other. */
  #writing: Promise<void> = Promise.resolve();
  #writable = true;
  #written: RouteUsage;

  private constructor(path: string, usage: RouteUsage, world: UsageWorld) {
    this.#path = path;
    this.#usage = usage;
    this.#written = usage;
    this.#world = world;
  }

  /** Reads what was counted before; a file that cannot be used is warned of and begun anew. */
  static async open(path: string, world: UsageWorld): Promise<UsageRecorder> {
    const { usage, warning } = await readUsageFile(path);
    if (warning !== null) world.logger.warn(warning);
    return new UsageRecorder(path, usage, world);
  }

  start(): void {
    this.#timer = setInterval(() => this.#record(), INTERVAL_MS);
  }

  /** What the counts say now. */
  readiness(): Readiness {
    this.#count();
    return assessReadiness(this.#usage, this.#world.deprecatedRoutes(), Date.now());
  }

  /** Counts what is left and writes it. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#record();
    await this.#writing;
  }

  #count(): void {
    const deprecated = this.#world.deprecatedRoutes();
    const now = this.#world.requestsByRoute();
    const added = (name: string): number => (now.get(name) ?? 0) - (this.#counted.get(name) ?? 0);
    // Without a deprecated route there is nothing to know, and no file to write.
    if (deprecated.length > 0) {
      const total = [...now.keys()].reduce((sum, name) => sum + added(name), 0);
      const routes = Object.fromEntries(deprecated.map(({ name }) => [name, added(name)]));
      this.#usage = addUsage(this.#usage, { total, routes }, Date.now());
    }
    this.#counted = now;
  }

  #record(): void {
    this.#count();
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const usage = this.#usage;
    if (JSON.stringify(usage) === JSON.stringify(this.#written)) return;
    try {
      await writeUsageFile(this.#path, usage);
      this.#written = usage;
      this.#writable = true;
    } catch (error) {
      // Said once, not every few seconds; the counts stay in memory.
      if (this.#writable) this.#world.logger.warn({ err: error }, `cannot write ${this.#path}`);
      this.#writable = false;
    }
  }
}
