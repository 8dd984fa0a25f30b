import { Client } from "undici";
import type { UpstreamSettings } from "../config/snapshot.ts";
import { TlsTrust, createConnector } from "./connector.ts";

/** Outcome of one active check. */
export interface ProbeOutcome {
  readonly good: boolean;
  readonly why: string;
}

/** One active check: good is any status from 200 to 299 in time. On a connection of its own, since one that is kept
 * open says nothing about whether new ones can be had. */
export async function probeUpstream(settings: UpstreamSettings): Promise<ProbeOutcome> {
  const { connect, servername } = createConnector(settings, new TlsTrust(settings), {
    allowHalfOpen: false,
    onSocket: (filter) => filter.expectAnswer(false),
  });
  const client = new Client(settings.origin, { connect, pipelining: 1, allowH2: false });
  const request = {
    path: settings.health.path,
    method: "GET" as const,
    reset: true,
    servername,
    headers: { "user-agent": "serin-health" },
    signal: AbortSignal.timeout(settings.health.timeoutMs),
  };
  try {
    const { statusCode, body } = await client.request(request);
    await body.dump();
    return { good: statusCode >= 200 && statusCode <= 299, why: `probe answered ${statusCode}` };
  } catch (error) {
    return { good: false, why: `probe failed: ${error instanceof Error ? error.name : "unknown"}` };
  } finally {
    client.destroy().catch(() => undefined);
  }
}
