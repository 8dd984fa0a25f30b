import { randomUUID, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { decideVersion } from "../split/decide.ts";
import type { SplitVersion } from "../split/decide.ts";
import { findCookie, findHeader, readIdentity } from "../split/identity.ts";
import { hashIdentity } from "../split/point.ts";
import type { ActiveConfig } from "./active-config.ts";
import { clientAddressOf, plainAddress } from "./client-address.ts";
import { dropCookie } from "./cookies.ts";
import type { Admitted } from "./exchange.ts";
import type { RequestHead } from "./guard.ts";

import { buildRequestHeaders } from "./headers.ts";
import type { WorkerContext } from "./worker-context.ts";

/** Header, and cookie, that wishes for a version. */
const OVERRIDE_NAME = "x-canary";
const COOKIE_MAX_AGE_SECONDS = 365 * 24 * 3600;

/** Finds who a request is from, decides its version, and prepares what the upstream gets. */
export function admitRequest(
  context: WorkerContext,
  config: ActiveConfig,
  request: IncomingMessage,
  head: RequestHead,
  startedMs: number,
): Admitted {
  const { split } = config.snapshot;
  const peer = plainAddress(request.socket.remoteAddress ?? "");
  const peerTrusted = config.trusted.has(peer);
  const proto = "encrypted" in request.socket ? "https" : "http";
  const clientAddress = clientAddressOf(peer, head.own?.get("x-forwarded-for"), config.trusted);
  const route = config.router.find(head.path);

  let identity = readIdentity(split.sources, head.headers, clientAddress);
  let issuedCookie: string | null = null;
  // Only who came with an identity: one that is issued now may never come back.
  if (identity !== null) context.seen.note(identity);
  if (identity === null && split.issueCookie) {
    identity = context.cookieIds.next();
    issuedCookie = renderCookie(split.cookieName, identity, split.cookieSecure || proto === "https");
  }
  const hash = identity === null ? null : hashIdentity(context.hashes.hash32, split.salt, identity);
  const decision = decideVersion(split, {
    pin: route.pin,
    override: readOverride(head, peerTrusted, config.snapshot.overrideToken),
    quarantined: identity !== null && isQuarantined(context, identity),
    hash,
  });
  if (hash !== null && decision.assignment !== null) context.slab.noteIdentity(decision.assignment, hash);

  const claimedId = peerTrusted ? head.own?.get("x-request-id") : undefined;
  const requestId = claimedId !== undefined && isRequestId(claimedId) ? claimedId : randomUUID();
  const userAgent = findHeader(head.headers, "user-agent") ?? "";
  dropCookie(head.headers, OVERRIDE_NAME);
  const upstreamHeaders = buildRequestHeaders(head, { peer, peerTrusted, proto, requestId });
  return {
    snapshot: config.snapshot,
    head,
    route,
    decision,
    identity,
    hash,
    requestId,
    clientAddress,
    userAgent,
    upstreamHeaders,
    issuedCookie,
    startedMs,
  };
}

function renderCookie(name: string, value: string, secure: boolean): string {
  const flags = `Path=/; Max-Age=${COOKIE_MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax`;
  return `${name}=${value}; ${flags}${secure ? "; Secure" : ""}`;
}

/** `X-Canary: always|never`, or a cookie of that name; from trusted networks or with the shared token. */
function readOverride(head: RequestHead, peerTrusted: boolean, token: string): SplitVersion | null {
  const wish = head.own?.get(OVERRIDE_NAME) ?? findCookie(head.headers, OVERRIDE_NAME);
  if (wish === undefined || wish === null) return null;
  if (!peerTrusted && !isSecret(head.own?.get("x-canary-token"), token)) return null;
  if (wish === "always") return "v2";
  return wish === "never" ? "v1" : null;
}

function isSecret(given: string | undefined, secret: string): boolean {
  if (given === undefined || secret === "") return false;
  const a = Buffer.from(given);
  const b = Buffer.from(secret);
  return a.length === b.length && timingSafeEqual(a, b);
}

function isQuarantined(context: WorkerContext, identity: string): boolean {
  if (context.quarantined.size === 0) return false;
  const key = context.hashes.hash64(identity);
  const untilMs = context.quarantined.get(key);
  if (untilMs === undefined) return false;
  if (Date.now() < untilMs) return true;
  context.quarantined.delete(key);
  return false;
}

/** 1 to 128 visible characters: what can stand in any log line and header. */
function isRequestId(text: string): boolean {
  if (text.length === 0 || text.length > 128) return false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}
