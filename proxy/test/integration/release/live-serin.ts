import type { RequestListener } from "node:http";
import { Client } from "undici";
import type { LogLine, SerinProcess } from "../../process/serin-process.ts";

/** What the tests of a release on a real process share. */

export const answer: RequestListener = (_request, response) => {
  response.end("ok");
};

export const hangUp: RequestListener = (request) => {
  request.socket.destroy();
};

/** Asks once for each identity `u<from>`, ...; the statuses. Stops early when told. */
export async function askAll(
  serin: SerinProcess,
  from: number,
  count: number,
  connections = 16,
): Promise<number[]> {
  const statuses: number[] = [];
  let next = from;
  const ask = async (): Promise<void> => {
    const client = new Client(serin.url);
    while (next < from + count) {
      const identity = `u${next}`;
      next += 1;
      const { statusCode, body } = await client.request({
        path: "/",
        method: "GET",
        headers: { "x-user-id": identity },
      });
      await body.dump();
      statuses.push(statusCode);
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: connections }, ask));
  return statuses;
}

interface Release {
  readonly version: number;
  readonly verdict: string;
  readonly sentence: string;
  readonly percentage: number;
  readonly step: number;
  readonly aborted: { readonly who: string; readonly cause: string; readonly why: string } | null;
  readonly frozen: unknown;
  readonly promoted: unknown;
  readonly harmedIdentities: { readonly v1: number; readonly v2: number };
}

interface CommandAnswer {
  readonly error?: string;
  readonly whatToDo?: string;
  readonly result?: string;
  readonly release: Release;
}

interface Status {
  readonly aborted: boolean;
  readonly effectivePercentage: number;
  readonly generation: number;
  readonly release: Release;
  readonly workers: readonly { readonly generation: number }[];
}

/** What /status answers, as far as tests of the release look at it. */
export async function statusOf(serin: SerinProcess): Promise<Status> {
  const status: Status = JSON.parse(await (await fetch(`${serin.adminUrl}/status`)).text());
  return status;
}

/** Sends a command to the admin server. */
export async function post(
  serin: SerinProcess,
  path: string,
  body: object = {},
  ifMatch?: number,
): Promise<{ status: number; body: CommandAnswer }> {
  const response = await fetch(`${serin.adminUrl}${path}`, {
    method: "POST",
    headers: ifMatch === undefined ? {} : { "if-match": String(ifMatch) },
    body: JSON.stringify(body),
  });
  const answered: CommandAnswer = JSON.parse(await response.text());
  return { status: response.status, body: answered };
}

/** Fits the log line of a decision. */
export function decided(type: string): (line: LogLine) => boolean {
  return (line) => String(line["msg"]).startsWith(`release ${type}`);
}
