import { isIP } from "node:net";
import { canonicalJson, deepFreeze, sha256Hex } from "./canonical.ts";
import type { Config, UpstreamConfig } from "./config.ts";
import { compileDeprecation } from "./deprecation.ts";
import { parseIdentitySource } from "./identity-source.ts";
import { parsePercentage } from "./percentage.ts";
import type { Snapshot, UpstreamSettings } from "./snapshot.ts";

/** The split that traffic gets: the plan and an abort may differ from what the config says. */
export interface SplitInForce {
  /** 0 while aborted. */
  readonly weightPpm: number;
  readonly aborted: boolean;
}

/**
 * Compiles a valid config into the plain, frozen form that workers run.
 *
 * @param config As `loadConfig` returned it.
 * @param generation 1, 2, 3, ... in the life of the process.
 * @param inForce What the release makes of the config's percentage; no part of the hash, which speaks of the config alone.
 */
export function compileSnapshot(config: Config, generation: number, inForce: SplitInForce): Snapshot {
  const { split } = config;
  const { fallback, ...v1 } = config.upstreams.v1;
  return deepFreeze({
    generation,
    hash: hashConfig(config),
    releaseId: config.release.id,
    split: {
      weightPpm: inForce.weightPpm,
      killSwitch: split.killSwitch,
      aborted: inForce.aborted,
      salt: split.salt,
      offset: split.offset,
      sources: split.identity.flatMap((text) => parseIdentitySource(text) ?? []),
      issueCookie: split.issueCookie,
      cookieName: split.cookieName,
      cookieSecure: split.cookieSecure,
    },
    routes: config.routes.map(({ name, prefix, pin, stream, deprecation }) => ({
      name,
      prefix,
      pin: pin ?? null,
      stream: stream ?? false,
      deprecation: deprecation === undefined ? null : compileDeprecation(deprecation),
    })),
    upstreams: { v1: compileUpstream(v1), v2: compileUpstream(config.upstreams.v2) },
    fallbackToV2: fallback === "v2",
    rollback: {
      action: config.release.onRollback,
      drainMs: config.drain.timeoutMs,
      spreadMs: config.release.rollbackSpreadMs,
    },
    limits: { ...config.limits },
    trustedNetworks: config.trustedNetworks.map(toBlock),
    overrideToken: config.override.token,
    accessLog: config.log.access,
  });
}

/** SHA-256, hex, of the effective config: equal configs give equal hashes, whatever the order of their keys. */
export function hashConfig(config: Config): string {
  return sha256Hex(canonicalJson(config));
}

/** `split.percentage` in parts per million, exactly. */
export function weightOf(config: Config): number {
  const weightPpm = parsePercentage(String(config.split.percentage));
  if (weightPpm === null) {
    throw new Error("split.percentage was not validated");
  }
  return weightPpm;
}

function compileUpstream({ url, health, tls, ...settings }: UpstreamConfig): UpstreamSettings {
  return { ...settings, health: { ...health }, tls: { ...tls }, origin: new URL(url).origin };
}

function toBlock(network: string): string {
  return network.includes("/") ? network : `${network}/${isIP(network) === 4 ? 32 : 128}`;
}
