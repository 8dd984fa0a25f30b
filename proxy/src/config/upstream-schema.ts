import type { UpstreamConfig } from "./config.ts";
import { boolean, integer, milliseconds, originUrl, text } from "./leaf.ts";
import type { SchemaOf } from "./schema-of.ts";

/** A path in the config: there, relative to where Serin runs; empty for none. */
export const filePattern = /^[^\0]{0,4096}$/;
export const fileExpected = "the path of a file, or empty";

/** The schema of one upstream. */
export function upstream(name: string, url: string): SchemaOf<UpstreamConfig> {
  return {
    url: originUrl(url, `Where ${name} listens.`),
    maxConnections: integer(128, 1, 65_535, `Most connections that one worker opens to ${name}.`),
    maxQueue: integer(
      512,
      0,
      1_000_000,
      "Most requests of one worker that wait for a connection; past it 503.",
    ),
    queueTimeoutMs: milliseconds(2000, 1, "Longest wait for a connection; past it 503."),
    connectTimeoutMs: milliseconds(2000, 1, "Longest wait for a connection to open; past it 504."),
    headersTimeoutMs: milliseconds(
      30_000,
      1,
      "From the request being sent to the response's header; past it 504.",
    ),
    bodyTimeoutMs: milliseconds(60_000, 1, "Longest silence within a body."),
    keepAliveTimeoutMs: milliseconds(
      4000,
      1,
      `Idle connections are closed after this; keep it below ${name}'s own keep-alive timeout (5000 in Node).`,
    ),
    health: {
      path: text(
        "/health/ready",
        /^\/[\x21-\x7e]{0,1023}$/,
        "a path that starts with /",
        "What the active check requests (GET); 200 to 299 is good.",
      ),
      intervalMs: milliseconds(2000, 50, "Time between two checks."),
      timeoutMs: milliseconds(1000, 10, "Longest wait for an answer to a check."),
      unhealthyAfter: integer(3, 1, 100, "Failed checks in a row until unhealthy."),
      healthyAfter: integer(2, 1, 100, "Good checks in a row until healthy again."),
      slowStartMs: milliseconds(
        10_000,
        0,
        "After recovery its share of the traffic grows back over this long.",
      ),
    },
    tls: {
      caFile: text(
        "",
        filePattern,
        fileExpected,
        "PEM file of the authorities to trust for an https url; empty: the system's.",
      ),
      serverName: text(
        "",
        /^[A-Za-z0-9.-]{0,253}$/,
        "a host name",
        "Name that the certificate must carry; empty: the url's host.",
      ),
      verify: boolean(true, "Refuses an upstream whose certificate does not hold."),
    },
  };
}
