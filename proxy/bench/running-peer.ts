import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PinnedProcess, findFreePort } from "./pinned-process.ts";
import type { Pinning } from "./pinned-process.ts";
import type { Peer } from "./peers/peers.ts";
import { readCpuMs, readMemoryMiB } from "./process-accounts.ts";

/** The two versions, on the processors that are not measured. */
export class RunningUpstream implements AsyncDisposable {
  readonly v1Port: number;
  readonly v2Port: number;
  readonly #process: PinnedProcess;

  private constructor(child: PinnedProcess, v1Port: number, v2Port: number) {
    this.#process = child;
    this.v1Port = v1Port;
    this.v2Port = v2Port;
  }

  static async start(processors: string): Promise<RunningUpstream> {
    const v1Port = await findFreePort();
    const v2Port = await findFreePort();
    const script = join(import.meta.dirname, "load/upstream-process.ts");
    const child = new PinnedProcess(processors, [process.execPath, script, String(v1Port), String(v2Port)]);
    await child.waitForPort(v1Port);
    await child.waitForPort(v2Port);
    return new RunningUpstream(child, v1Port, v2Port);
  }

  /** Requests that both versions have had so far. */
  async countRequests(): Promise<number> {
    return Number(await (await fetch(`http://127.0.0.1:${this.v1Port}/count`)).text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** A peer in front of the two versions, on the processor that is measured. */
export class RunningPeer implements AsyncDisposable {
  readonly peer: Peer;
  readonly port: number;
  readonly logPath: string;
  readonly #process: PinnedProcess;

  private constructor(peer: Peer, port: number, logPath: string, child: PinnedProcess) {
    this.peer = peer;
    this.port = port;
    this.logPath = logPath;
    this.#process = child;
  }

  /** @param folder where all peers keep their files */
  static async start(
    peer: Peer,
    upstream: RunningUpstream,
    pinning: Pinning,
    folder: string,
  ): Promise<RunningPeer> {
    const port = await findFreePort();
    const own = join(folder, peer.name.replaceAll(/[^a-z0-9]+/gi, "-"));
    mkdirSync(own, { recursive: true });
    const logPath = join(own, "access.log");
    writeFileSync(logPath, "");
    const { v1Port, v2Port } = upstream;
    const launch = peer.prepare({ port, v1Port, v2Port, folder: own, logPath });
    const child = new PinnedProcess(pinning.proxy, launch.command, {
      env: launch.env,
      output: launch.printsLog ? logPath : join(own, "output.log"),
      errors: join(own, "errors.log"),
    });
    const running = new RunningPeer(peer, port, logPath, child);
    try {
      await child.waitForPort(port);
      return running;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw new Error(readFileSync(join(own, "errors.log"), "utf8"), { cause: error });
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  readCpuMs(): number {
    return readCpuMs(this.pid);
  }

  readMemoryMiB(): { readonly resident: number; readonly peak: number } {
    return readMemoryMiB(this.pid);
  }

  /** All of them append, so that what comes next starts at the beginning. */
  emptyLog(): void {
    truncateSync(this.logPath, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
