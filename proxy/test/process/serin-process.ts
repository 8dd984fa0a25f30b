import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ENTRY = join(import.meta.dirname, "../../src/cli/serin.ts");
const START_TIMEOUT_MS = 20_000;

/** A line of Serin's log, parsed. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A real `serin start`, on ports that the system chose. */
export class SerinProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly configPath: string;
  /** Everything logged so far. */
  readonly log: LogLine[] = [];
  stderr = "";
  port = 0;
  adminPort = 0;
  readonly #watchers = new Set<() => void>();

  private constructor(child: ChildProcess, folder: string, configPath: string) {
    this.child = child;
    this.folder = folder;
    this.configPath = configPath;
    if (child.stdout === null || child.stderr === null) throw new TypeError("the child's output is piped");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const parsed: LogLine = JSON.parse(line);
      this.log.push(parsed);
      for (const watcher of this.#watchers) watcher();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
  }

  /**
   * Starts with a config file of that content; listens on loopback, ports chosen by the system.
   *
   * @param launcher a command that starts the one behind it in its own place, such as `prlimit --nofile=200`
   */
  static async start(
    config: string,
    env: Readonly<Record<string, string>> = {},
    launcher: readonly string[] = [],
  ): Promise<SerinProcess> {
    const folder = await mkdtemp(join(tmpdir(), "serin-test-"));
    const configPath = join(folder, "serin.yaml");
    await writeFile(configPath, config);
    const [command, ...args] = [...launcher, process.execPath, ENTRY, "start"];
    const child = spawn(command, [...args, "--config", configPath], {
      env: {
        ...process.env,
        SERIN_LISTEN_HOST: "127.0.0.1",
        SERIN_LISTEN_PORT: "0",
        SERIN_ADMIN_PORT: "0",
        SERIN_RELEASE_LOG_PATH: join(folder, "release.jsonl"),
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const serin = new SerinProcess(child, folder, configPath);
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(
        `serin ended with ${String(code)} before it served: ${serin.stderr}${JSON.stringify(serin.log)}`,
      );
    });
    const serving = await Promise.race([
      serin.waitForLog((line) => line["msg"] === "serving", START_TIMEOUT_MS),
      ended,
    ]);
    ended.catch(() => undefined);
    serin.port = Number(serving["port"]);
    serin.adminPort = Number(serving["adminPort"]);
    return serin;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.adminPort}`;
  }

  /** The first line, logged or to come, that fits. */
  waitForLog(fits: (line: LogLine) => boolean, timeoutMs = 10_000): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`no such log line in ${timeoutMs} ms; last: ${JSON.stringify(this.log.slice(-5))}`));
      }, timeoutMs);
      const look = (): void => {
        const found = this.log.find(fits);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(found);
      };
      this.#watchers.add(look);
      look();
    });
  }

  async status(): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.adminUrl}/status`);
    const body: Record<string, unknown> = JSON.parse(await response.text());
    return body;
  }

  /** Value of a metric's series: name and labels as they stand in the text, `name{a="b"}`; 0 when absent. */
  async metric(series: string): Promise<number> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text();
    const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  /** Sum over all series of a metric whose labels contain every given text, such as `version="v2"`. */
  async sumMetric(name: string, ...labels: readonly string[]): Promise<number> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text();
    return text
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  /** Asks it to stop and waits; the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exited = once(this.child, "exit");
    this.child.kill(signal);
    await exited;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const killer = setTimeout(() => this.child.kill("SIGKILL"), 5_000);
    await this.stop();
    clearTimeout(killer);
    await rm(this.folder, { recursive: true, force: true });
  }
}
