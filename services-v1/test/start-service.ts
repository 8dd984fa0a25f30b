import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

export const jwtSecret = "a secret that only the tests of this service know";

export interface LogLine {
  readonly msg?: string;
  readonly port?: number;
  readonly [key: string]: unknown;
}

export interface RunningService {
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything written to stdout so far, parsed. */
  readonly logs: readonly LogLine[];
  /** Settles with the exit code. */
  readonly exited: Promise<number | null>;
  stop(): Promise<number | null>;
}

const main = path.join(import.meta.dirname, "..", "src", "main.ts");

/** Starts cms-v1 as a process of its own, on a free port, and waits until it says that it listens. */
export async function startService(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: databaseUrl,
      JWT_SECRET: jwtSecret,
      PORT: "0",
      RATE_LIMIT_LOGIN: "0",
      RATE_LIMIT_REGISTER: "0",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const logs: LogLine[] = [];
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => {
    child.once("close", (code) => resolve(code));
  });
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise<number>((resolve, reject) => {
    lines.on("line", (text) => {
      const line = parseLine(text);
      logs.push(line);
      if (line.msg === "listening" && line.port !== undefined) resolve(line.port);
    });
    void exited.then((code) => reject(new Error(`cms-v1 ended with ${code}: ${errors}`)));
  });
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return exited;
  };
  return { url: `http://127.0.0.1:${port}`, process: child, logs, exited, stop };
}

/** Runs it with an environment that it is to refuse. */
export async function runToExit(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return { code, stderr };
}

function parseLine(text: string): LogLine {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
