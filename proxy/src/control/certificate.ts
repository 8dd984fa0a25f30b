import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { ListenTlsConfig } from "../config/config.ts";
import type { ListenerTls } from "../data/messages.ts";

/** How often the files are looked at: certificates are renewed days before they expire. */
const POLL_MS = 1_000;

/**
 * Reads the listener's certificate and key, and makes sure that they belong together.
 *
 * @returns `null` when TLS is off
 * @throws when a file cannot be read or the two do not fit
 */
export async function readCertificate(config: ListenTlsConfig): Promise<ListenerTls | null> {
  if (config.certFile === "") return null;
  const [cert, key] = await Promise.all([
    readFile(config.certFile, "utf8"),
    readFile(config.keyFile, "utf8"),
  ]);
  createSecureContext({ cert, key });
  return { cert, key, minVersion: config.minVersion };
}

export interface CertificateWatchOptions {
  readonly config: ListenTlsConfig;
  readonly initial: ListenerTls;
  readonly onRenewed: (tls: ListenerTls) => void;
  /** The files as they are now cannot be used; told once for each new reason. */
  readonly onProblem: (error: Error) => void;
}

/** Reads the files again and again and tells of every new pair that fits. A pair that does not changes nothing. */
export function watchCertificate(options: CertificateWatchOptions): void {
  let current = options.initial;
  let problem = "";
  const look = async (): Promise<void> => {
    try {
      const read = await readCertificate(options.config);
      problem = "";
      if (read === null || (read.cert === current.cert && read.key === current.key)) return;
      current = read;
      options.onRenewed(read);
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      if (reason.message !== problem) options.onProblem(reason);
      problem = reason.message;
    }
  };
  const timer = setInterval(() => void look(), POLL_MS);
  timer.unref();
}
