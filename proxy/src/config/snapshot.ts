/**
 * A snapshot is the frozen, compiled form of one valid config: plain data only, so that it crosses to the workers
 * by structured clone. Nothing in it changes after `compileSnapshot`; a new config makes a new snapshot.
 */

import type { Deprecation } from "./deprecation.ts";

/** The two versions behind the proxy: `v1` is the control, `v2` the canary. */
export type Version = "v1" | "v2";

/** Where an identity may come from, in the form `kind:name` of the config, already parsed; names in lower case. */
export type IdentitySource =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "jwt"; readonly claim: string }
  | { readonly kind: "ip" };

/** The split as the workers use it. */
export interface SplitSettings {
  /** Share of points that goes to v2, 0 to 1,000,000. */
  readonly weightPpm: number;
  /** `split.killSwitch` (`USE_LEGACY_API_V1`): everything but `/api/v2/` goes to v1. */
  readonly killSwitch: boolean;
  /** The release was aborted and not resumed: like a weight of 0, with a reason of its own. */
  readonly aborted: boolean;
  readonly salt: string;
  /** Rotates the cohort, 0 to 999,999 points. */
  readonly offset: number;
  readonly sources: readonly IdentitySource[];
  /** Issue a random identity cookie when no source yields an identity. */
  readonly issueCookie: boolean;
  /** Name of that cookie, as sent to the client. */
  readonly cookieName: string;
  /** Mark the cookie `Secure` always; otherwise only when the client came over TLS. */
  readonly cookieSecure: boolean;
}

/** A named route: the first whose `prefix` matches the path gives a request its route label and, if set, its version. */
export interface RouteRule {
  readonly name: string;
  /** Starts with `/`. Matches the path itself and everything below it when it ends with `/`; else exactly or up to a `/`. */
  readonly prefix: string;
  readonly pin: Version | null;
  /** Long-lived answers (server-sent events, downloads): kept out of the duration histogram. */
  readonly stream: boolean;
  /** What responses say about the route's end; null while it has none. */
  readonly deprecation: Deprecation | null;
}

export interface UpstreamSettings {
  /** `http://host:port` or `https://host:port`, no path. */
  readonly origin: string;
  /** Most connections that one worker opens to it. */
  readonly maxConnections: number;
  /** Most requests of one worker waiting for a connection; past it 503. */
  readonly maxQueue: number;
  readonly queueTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** From the request being sent to the response's header; past it 504. */
  readonly headersTimeoutMs: number;
  /** Longest silence within a body. */
  readonly bodyTimeoutMs: number;
  /** Idle upstream connections are closed after this; keep it below the upstream's own keep-alive timeout. */
  readonly keepAliveTimeoutMs: number;
  readonly health: {
    readonly path: string;
    readonly intervalMs: number;
    readonly timeoutMs: number;
    /** Failed probes in a row until unhealthy. */
    readonly unhealthyAfter: number;
    /** Good probes in a row until healthy again. */
    readonly healthyAfter: number;
    /** Over this long its share of the traffic grows back, from none to all. */
    readonly slowStartMs: number;
  };
  readonly tls: UpstreamTlsSettings;
}

/** How an `https:` upstream is checked. */
export interface UpstreamTlsSettings {
  /** PEM file of the authorities to trust; empty: the system's. */
  readonly caFile: string;
  /** Name that the certificate must carry; empty: the host of the origin. */
  readonly serverName: string;
  readonly verify: boolean;
}

/** What happens to v2's tunnels and streams when its effective weight becomes 0. */
export type RollbackAction = "keep" | "drain" | "close";

/** What happens to long-lived exchanges of v2 on a rollback. */
export interface RollbackSettings {
  readonly action: RollbackAction;
  /** With `drain`: how long they may go on. */
  readonly drainMs: number;
  /** They are closed at random moments over this long. */
  readonly spreadMs: number;
}

/** What one worker allows a client. */
export interface LimitSettings {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxTargetBytes: number;
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
  /** From one client address, trusted networks aside; 0 for no bound. */
  readonly maxConnectionsPerClient: number;
  readonly headersTimeoutMs: number;
  /** Longest silence of a client that owes a body or has an answer to read. */
  readonly idleTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Longest silence in both directions of a tunnel. */
  readonly tunnelIdleTimeoutMs: number;
}

export interface Snapshot {
  /** 1, 2, 3, ... in the life of one process. */
  readonly generation: number;
  /** SHA-256, hex, of the effective config: equal for equal configs, over restarts and replicas. */
  readonly hash: string;
  readonly releaseId: string;
  readonly split: SplitSettings;
  readonly routes: readonly RouteRule[];
  readonly upstreams: Readonly<Record<Version, UpstreamSettings>>;
  /** Whether v2 takes v1's traffic while v1 is unhealthy (`upstreams.v1.fallback: v2`). */
  readonly fallbackToV2: boolean;
  readonly rollback: RollbackSettings;
  readonly limits: LimitSettings;
  /** CIDR blocks whose X-Forwarded-*, Forwarded, request ids and overrides are believed. */
  readonly trustedNetworks: readonly string[];
  /** Shared secret that allows `X-Canary` from anywhere (`X-Canary-Token`); empty: none. */
  readonly overrideToken: string;
  readonly accessLog: boolean;
}
