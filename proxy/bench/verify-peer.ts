import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "undici";
import {
  IDENTITY_HEADER,
  LARGE_BYTES,
  REQUEST_HEADERS,
  SMALL_BODY,
  UPLOAD_BYTES,
  countingBytes,
} from "./payloads.ts";

/** Users whose requests are looked at one by one. */
const USERS = 200;
/** Share of them that v2 may get at 50 %: five standard deviations. */
const SHARE_BOUNDS = [0.32, 0.68] as const;
const LOG_TIMEOUT_MS = 5_000;
const LOG_LOOK_MS = 50;

interface Echo {
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Whether a peer does the work that it is measured at: splits by the header, always alike for the same user; adds
 * X-Forwarded-For; hands headers and bodies on whole.
 *
 * @returns what is wrong, `null` for nothing
 */
export async function findFault(port: number): Promise<string | null> {
  const client = new Client(`http://127.0.0.1:${port}`);
  try {
    return (await checkSplit(client)) ?? (await checkUpload(client)) ?? (await checkDownloads(client));
  } catch (error) {
    return `a request failed: ${String(error)}`;
  } finally {
    await client.destroy();
  }
}

async function checkSplit(client: Client): Promise<string | null> {
  let canary = 0;
  for (let user = 0; user < USERS; user += 1) {
    const first = await echo(client, `user-${user}`);
    const second = await echo(client, `user-${user}`);
    if (first.version !== second.version) return `user-${user} got ${first.version}, then ${second.version}`;
    if (first.version === "v2") canary += 1;
    const { headers } = first;
    if (headers["x-forwarded-for"] !== "127.0.0.1")
      return `X-Forwarded-For is ${String(headers["x-forwarded-for"])}`;
    if (headers[IDENTITY_HEADER] !== `user-${user}`) return "the identity's header did not arrive";
    if (headers["user-agent"] !== REQUEST_HEADERS["user-agent"]) return "User-Agent did not arrive";
    if (headers["cookie"] !== REQUEST_HEADERS.cookie) return "Cookie did not arrive";
  }
  const share = canary / USERS;
  return share < SHARE_BOUNDS[0] || share > SHARE_BOUNDS[1] ? `v2 got ${share * 100} % of the users` : null;
}

async function checkUpload(client: Client): Promise<string | null> {
  const bytes = countingBytes(UPLOAD_BYTES);
  const told = await echo(client, "user-1", bytes);
  if (told.bytes !== UPLOAD_BYTES) return `${told.bytes} of ${UPLOAD_BYTES} bytes arrived`;
  return told.sha256 === sha256(bytes) ? null : "the body that arrived is another one";
}

async function checkDownloads(client: Client): Promise<string | null> {
  for (const [path, expected] of [
    ["/small", Buffer.from(SMALL_BODY)],
    ["/slow", Buffer.from(SMALL_BODY)],
    ["/large", countingBytes(LARGE_BYTES)],
  ] as const) {
    const { statusCode, body } = await client.request({ path, method: "GET", headers: headersOf("user-2") });
    const bytes = Buffer.from(await body.arrayBuffer());
    if (statusCode !== 200) return `${path} was answered with ${statusCode}`;
    if (!bytes.equals(expected)) return `${path} came with another body`;
  }
  return null;
}

async function echo(client: Client, user: string, upload: Buffer | null = null): Promise<Echo> {
  const { statusCode, body } = await client.request({
    path: "/echo",
    method: upload === null ? "GET" : "POST",
    headers: headersOf(user),
    body: upload,
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`/echo was answered with ${statusCode}`);
  const told: Echo = JSON.parse(text);
  return told;
}

function headersOf(user: string): Record<string, string> {
  return { ...REQUEST_HEADERS, [IDENTITY_HEADER]: user };
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Waits until an access log has a line for each of that many requests. @returns whether it came to that in time */
export async function hasLogged(logPath: string, requests: number): Promise<boolean> {
  const deadlineMs = performance.now() + LOG_TIMEOUT_MS;
  while (countLines(logPath) < requests) {
    if (performance.now() > deadlineMs) return false;
    await pause(LOG_LOOK_MS);
  }
  return true;
}

function countLines(path: string): number {
  const bytes = readFileSync(path);
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}
