import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { connect, createServer } from "node:net";
import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { boundPort } from "../src/net/bound-port.ts";

const START_TIMEOUT_MS = 20_000;
const LOOK_MS = 20;

/** Which processors the measured process and everything else run on. */
export interface Pinning {
  readonly proxy: string;
  readonly rest: string;
}

/**
 * One processor for the process that is measured, the others for load and upstream.
 *
 * @throws RangeError on a machine with a single processor: nothing could be kept apart there
 */
export function choosePinning(): Pinning {
  const count = availableParallelism();
  if (count < 2) throw new RangeError("measuring needs at least two processors");
  return { proxy: "1", rest: count === 2 ? "0" : `0,2-${count - 1}` };
}

/** A process that runs on given processors. What it prints goes to a file, or to us when there is none. */
export class PinnedProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;

  constructor(
    processors: string,
    command: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string>>;
      readonly output?: string;
      readonly errors?: string;
    } = {},
  ) {
    // taskset becomes the command, so that its process id is the command's.
    this.child = spawn("taskset", ["-c", processors, ...command], {
      env: { ...process.env, ...options.env },
      stdio: [
        "ignore",
        options.output === undefined ? "pipe" : openSync(options.output, "a"),
        options.errors === undefined ? "inherit" : openSync(options.errors, "a"),
      ],
    });
    const { pid } = this.child;
    if (pid === undefined) throw new Error(`cannot run ${command.join(" ")}`);
    this.pid = pid;
  }

  /** Waits for its end. @returns all that it printed @throws when its exit code is not 0 */
  async finish(): Promise<string> {
    let printed = "";
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const [code]: unknown[] = await once(this.child, "close");
    if (code !== 0) throw new Error(`${this.child.spawnargs.join(" ")} ended with ${String(code)}`);
    return printed;
  }

  /** Settles once something accepts connections on that port of loopback. */
  async waitForPort(port: number): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!(await isListening(port))) {
      if (this.child.exitCode !== null || performance.now() > deadlineMs) {
        throw new Error(`${this.child.spawnargs.join(" ")} does not listen on ${port}`);
      }
      await pause(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const killer = setTimeout(() => this.child.kill("SIGKILL"), 2_000);
    await ended;
    clearTimeout(killer);
  }
}

/** A port that was free a moment ago: for processes that cannot say which one the system chose. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = boundPort(server);
  server.close();
  await once(server, "close");
  return port;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
