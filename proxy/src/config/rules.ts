import { isIP } from "node:net";
import type { Config } from "./config.ts";
import { parseStep } from "./release-text.ts";

/** A rule that several leaves must keep together. `broken` gives what was expected, or null when the rule is kept. */
interface Rule {
  /** The leaf that is blamed. */
  readonly path: string;
  /** The other leaves it reads; the rule is skipped while any of them is invalid by itself. */
  readonly reads: readonly string[];
  readonly broken: (config: Config) => string | null;
}

export const rules: readonly Rule[] = [
  {
    path: "admin.token",
    reads: ["admin.host"],
    broken: ({ admin }) =>
      admin.token === "" && !isLoopback(admin.host)
        ? `a token, because admin.host ${admin.host} can be reached from other machines`
        : null,
  },
  {
    path: "admin.port",
    reads: ["admin.host", "listen.host", "listen.port"],
    broken: ({ admin, listen }) =>
      admin.port !== 0 && admin.port === listen.port && overlap(admin.host, listen.host)
        ? "another port than listen.port"
        : null,
  },
  {
    path: "listen.tls.keyFile",
    reads: ["listen.tls.certFile"],
    broken: ({ listen }) =>
      (listen.tls.certFile === "") === (listen.tls.keyFile === "")
        ? null
        : "listen.tls.certFile and listen.tls.keyFile both or neither",
  },
  {
    path: "workerMemoryMb",
    reads: [],
    broken: ({ workerMemoryMb }) =>
      workerMemoryMb === 0 || workerMemoryMb >= 32
        ? null
        : "0 or at least 32, because a worker needs that much to start",
  },
  {
    path: "split.identity",
    reads: ["split.issueCookie", "split.cookieName"],
    broken: ({ split }) =>
      split.issueCookie && !split.identity.includes(`cookie:${split.cookieName}`)
        ? `cookie:${split.cookieName} among the sources, or split.issueCookie: false (an issued cookie that nobody reads would deal the user anew each time)`
        : null,
  },
  {
    path: "split.cookieSecure",
    reads: ["split.cookieName"],
    broken: ({ split }) =>
      !split.cookieSecure && /^__(secure|host)-/i.test(split.cookieName)
        ? `true, because browsers refuse ${split.cookieName} otherwise`
        : null,
  },
  {
    path: "release.steps",
    reads: [],
    broken: ({ release }) =>
      isRising(release.steps.map((step) => parseStep(step)?.weightPpm ?? 0))
        ? null
        : "each step's weight to be more than the one before",
  },
  {
    path: "limits.maxTargetBytes",
    reads: ["limits.maxHeaderBytes"],
    broken: ({ limits }) =>
      limits.maxTargetBytes >= limits.maxHeaderBytes
        ? "less than limits.maxHeaderBytes, which includes it"
        : null,
  },
  notOurselves("v1"),
  notOurselves("v2"),
];

function notOurselves(version: "v1" | "v2"): Rule {
  return {
    path: `upstreams.${version}.url`,
    reads: ["listen.host", "listen.port"],
    broken: ({ listen, upstreams }) => {
      const url = new URL(upstreams[version].url);
      const port = Number(url.port === "" ? (url.protocol === "https:" ? 443 : 80) : url.port);
      const name = url.hostname.replace(/^\[|\]$/g, "");
      const here = name === listen.host || (isLoopback(name) && overlap(name, listen.host));
      return port === listen.port && here ? "an upstream other than Serin itself (listen)" : null;
    },
  };
}

/** Whether only this machine can reach a listener on that address. */
function isLoopback(host: string): boolean {
  return (
    host.toLowerCase() === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))
  );
}

function overlap(a: string, b: string): boolean {
  const wildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";
  return a === b || wildcard(a) || wildcard(b) || (isLoopback(a) && isLoopback(b));
}

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));
}
