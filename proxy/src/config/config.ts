import type { DeprecationConfig } from "./deprecation.ts";
import type { LimitSettings, RollbackAction, UpstreamSettings, Version } from "./snapshot.ts";

/** `auto` means one worker per processor that the process may use. */
export type WorkerCount = "auto" | number;

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
type LogLevel = (typeof logLevels)[number];

/** A route as the file writes it: `pin`, `stream` and `deprecation` may be left out. */
export interface RouteConfig {
  readonly name: string;
  readonly prefix: string;
  readonly pin?: Version;
  readonly stream?: boolean;
  readonly deprecation?: DeprecationConfig;
}

/** One upstream as the file writes it: the compiled settings, with a `url` in place of the origin. */
export interface UpstreamConfig extends Omit<UpstreamSettings, "origin"> {
  readonly url: string;
}

/** v1 may name who stands in for it. */
export interface ControlConfig extends UpstreamConfig {
  readonly fallback: "none" | "v2";
}

/** TLS of the public listener: off while both files are empty. */
export interface ListenTlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** The rollout: its plan, what is judged, and who is told. `release/settings.ts` compiles it. */
export interface ReleaseConfig {
  readonly id: string;
  readonly logPath: string;
  readonly steps: readonly string[];
  readonly advance: "manual" | "auto";
  readonly advanceNeeds: "safe" | "not-suspect";
  readonly rollback: "auto" | "advise" | "off";
  readonly warmupMs: number;
  readonly timeZone: string;
  readonly windows: readonly string[];
  readonly slowThresholdMs: number;
  /** Percent points. */
  readonly maxErrorRateExcess: number;
  readonly maxP99Ms: number;
  readonly limitMinRequests: number;
  readonly harmBudget: number;
  readonly quarantineMs: number;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  readonly onRollback: RollbackAction;
  readonly rollbackSpreadMs: number;
}

/**
 * The whole config with every default filled in. Each leaf has its entry in `schema.ts`, which the type of the schema
 * enforces; a leaf is a scalar or a list, everything else is a section.
 */
export interface Config {
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly tls: ListenTlsConfig;
    readonly proxyProtocol: boolean;
  };
  readonly workers: WorkerCount;
  readonly workerMemoryMb: number;
  readonly admin: { readonly host: string; readonly port: number; readonly token: string };
  readonly upstreams: { readonly v1: ControlConfig; readonly v2: UpstreamConfig };
  readonly split: {
    /** Percent, 0 to 100, at most 4 decimals; `parsePercentage(String(percentage))` is its exact weight. */
    readonly percentage: number;
    readonly killSwitch: boolean;
    readonly salt: string;
    readonly offset: number;
    readonly identity: readonly string[];
    readonly issueCookie: boolean;
    readonly cookieName: string;
    readonly cookieSecure: boolean;
  };
  readonly routes: readonly RouteConfig[];
  readonly release: ReleaseConfig;
  readonly limits: LimitSettings;
  readonly trustedNetworks: readonly string[];
  readonly override: { readonly token: string };
  readonly log: { readonly level: LogLevel; readonly access: boolean };
  readonly drain: { readonly delayMs: number; readonly timeoutMs: number };
}
