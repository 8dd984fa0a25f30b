import { readFile } from "node:fs/promises";
import path from "node:path";
import { startChild } from "../../local/src/child-process.ts";
import type { Child } from "../../local/src/child-process.ts";
import { waitUntilHealthy } from "../../local/src/health.ts";
import { findFreePort } from "../../local/src/ports.ts";

/** One of the two services as a process of its own, which can be killed and started again at the same address. */
export interface CmsProcess {
  readonly url: string;
  /** Ends it with SIGKILL and waits until it has gone. */
  kill(): Promise<void>;
  /** Starts it again after {@link kill} and waits until it is ready. */
  restart(): Promise<void>;
  /** Lets it drain and waits until it has gone. */
  stop(): Promise<void>;
  /** All that it has ever logged. */
  readLogs(): Promise<string>;
}

export interface CmsOptions {
  readonly databaseUrl: string;
  readonly jwtSecret: string;
  /** Takes its logs. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

const root = path.resolve(import.meta.dirname, "../../..");
const entries = { "cms-v1": "services-v1/src/main.ts", "cms-v2": "services-v2/src/main.ts" } as const;
const healthyTimeoutMs = 30_000;
const graceMs = 15_000;

/** Starts a service on a free loopback port, by default without rate limits, and waits until it is ready. */
export async function startCms(name: keyof typeof entries, options: CmsOptions): Promise<CmsProcess> {
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const logFiles: string[] = [];
  const launch = async (): Promise<Child> => {
    const logFile = path.join(options.folder, `${name}-${port}-${logFiles.length}.log`);
    logFiles.push(logFile);
    const child = await startChild({
      name,
      args: [path.join(root, entries[name])],
      cwd: root,
      env: {
        PATH: process.env["PATH"],
        HOST: "127.0.0.1",
        PORT: port,
        DATABASE_URL: options.databaseUrl,
        JWT_SECRET: options.jwtSecret,
        RATE_LIMIT_LOGIN: "0",
        RATE_LIMIT_REGISTER: "0",
        ...options.env,
      },
      logFile,
    });
    await waitUntilHealthy(child, `${url}/health/ready`, healthyTimeoutMs, new AbortController().signal);
    return child;
  };
  let child = await launch();
  return {
    url,
    kill: async () => {
      child.kill();
      await child.exited;
    },
    restart: async () => {
      child = await launch();
    },
    stop: async () => {
      await child.stop(graceMs);
    },
    readLogs: async () => (await Promise.all(logFiles.map((file) => readFile(file, "utf8")))).join(""),
  };
}
