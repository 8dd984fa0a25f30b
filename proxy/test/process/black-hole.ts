import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";

const LISTENER = `const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));`;

/** Connections that a backlog of 1 takes before the system drops what comes: 2, with a margin. */
const FILLERS = 6;

/** A port that drops every attempt to connect: its process is stopped and its backlog is full. */
export class BlackHole implements Disposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #fillers: readonly Socket[];

  private constructor(port: number, child: ChildProcess, fillers: readonly Socket[]) {
    this.port = port;
    this.#child = child;
    this.#fillers = fillers;
  }

  static async start(): Promise<BlackHole> {
    const child = spawn(process.execPath, ["-e", LISTENER], { stdio: ["ignore", "pipe", "inherit"] });
    const [line]: unknown[] = await once(child.stdout, "data");
    const port = Number(String(line));
    child.kill("SIGSTOP");
    const fillers = Array.from({ length: FILLERS }, () =>
      connect(port, "127.0.0.1").on("error", () => undefined),
    );
    if (fillers[0] !== undefined) await once(fillers[0], "connect");
    return new BlackHole(port, child, fillers);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  [Symbol.dispose](): void {
    for (const filler of this.#fillers) filler.destroy();
    this.#child.kill("SIGKILL");
  }
}
